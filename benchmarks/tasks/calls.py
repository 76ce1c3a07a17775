"""The tasks that are measured, and what each is given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from benchmarks.moderation.scene import PERSON, answer


def _action(comment: int) -> dict[str, Any]:
    return {"commentId": comment, "userId": PERSON, "isBatchAction": False}


def _flag(comment: int) -> dict[str, Any]:
    return {"type": "flag", "sourceCommentId": f"c{comment}", "sourceUserId": "reader"}


def _answer(comment: int) -> dict[str, Any]:
    """Two of three comments are rejected by a rule."""
    return answer(comment, 0.8 if comment % 3 else 0.3)


#: By wire name: the arguments for one comment.
CALLS: dict[str, Callable[[int], dict[str, Any]]] = {
    "processMachineScore": _answer,
    "sendCommentForScoring": lambda comment: {"commentId": comment},
    "acceptComments": _action,
    "rejectCommentsAndFlags": _action,
    "deferComments": _action,
    "highlightComments": _action,
    "resetComments": _action,
    "resolveFlags": _action,
    "tagComments": lambda comment: {"commentId": comment, "tagId": 1, "userId": PERSON},
    "processTagAddition": _flag,
}
