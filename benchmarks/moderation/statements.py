"""SQL statements of each task, beside OSMod's."""

from __future__ import annotations

from typing import Any

from benchmarks.moderation.scene import PERSON, Deliver, Scene, answer

#: Measured: statements of a call on a comment not touched before, START TRANSACTION and COMMIT included.
OSMODS = {
    "processMachineScore (rule)": 93,
    "processMachineScore (none)": 66,
    "acceptComments": 31,
    "rejectCommentsAndFlags": 33,
    "deferComments": 31,
    "highlightComments": 29,
    "resetComments": 28,
    "resolveFlags": 28,
    "tagComments": 30,
    "tagCommentSummaryScores": 4,
    "confirmCommentSummaryScore": 2,
    "rejectCommentSummaryScore": 2,
    "addTag": 28,
    "processTagAddition": 31,
    "processTagRevocation": 28,
}


def calls() -> list[tuple[str, str, dict[str, Any]]]:
    """(how it is shown, wire name, arguments) of every task; all but those about scores on fresh comments."""
    comments = iter(range(10, 1_000))

    def action() -> dict[str, Any]:
        return {"commentId": next(comments), "userId": PERSON, "isBatchAction": False}

    def tag() -> dict[str, Any]:
        return {"commentId": next(comments), "tagId": 1, "userId": PERSON}

    reader = {"type": "flag", "sourceUserId": "reader"}
    names = ("accept", "reject")
    simple = [*(f"{name}Comments{end}" for name in names for end in ("", "AndFlags")), "deferComments"]
    told = [
        ("sendCommentForScoring", {"commentId": next(comments)}),
        ("askScorer", {"requestId": next(comments)}),
        ("missScores", {"requestId": next(comments)}),
        ("processMachineScore (rule)", answer(next(comments))),
        ("processMachineScore (none)", answer(next(comments), 0.3)),
        *((name, action()) for name in (*simple, "highlightComments", "resetComments")),
        ("resolveFlags", {"commentId": 1, "userId": PERSON}),
        ("reopenFlags", {"commentId": 1, "flagIds": [1], "userId": PERSON}),
        ("processTagAddition", reader | {"sourceCommentId": f"c{next(comments)}"}),
        ("processTagRevocation", reader | {"sourceCommentId": "c1"}),
        ("tagComments", tag()),
        ("addTag", tag() | {"annotationStart": 0, "annotationEnd": 4}),
        *((name, {"commentScoreId": 1, "userId": PERSON}) for name in ("confirmTag", "rejectTag")),
        *((name, {"commentScoreId": 1}) for name in ("resetTag", "removeTag")),
        ("tagCommentSummaryScores", tag()),
        ("confirmCommentSummaryScore", tag() | {"commentId": 1}),
        ("rejectCommentSummaryScore", tag() | {"commentId": 1}),
        ("restoreSummaryScore", tag() | {"commentId": 1}),
        ("postProcessComment", {"commentId": next(comments)}),
    ]
    return [(shown, shown.partition(" ")[0], arguments) for shown, arguments in told]


def measure(scene: Scene, deliver: Deliver) -> dict[str, int]:
    """How many statements each task sends, by the name under which it is shown."""
    scene.with_history()
    return {shown: scene.statements(deliver, name, **arguments) for shown, name, arguments in calls()}
