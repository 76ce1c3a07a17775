"""Asking a scorer here and now about a text that was typed, and what came of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from osmod.loop import run
from osmod.moderation.questions import Text
from osmod.operating.scorers import ScorerState
from osmod.scorers import (
    BadAnswer,
    KeyRefused,
    Question,
    Scored,
    ScorerAway,
    ScorerError,
    Throttled,
    Unscorable,
)
from osmod.task.showing import question_of

#: What to do about each kind of error.
REMEDIES: dict[type[ScorerError], str] = {
    KeyRefused: "Put a key that counts into apiKey in users.extra of user {id}, then test again.",
    Throttled: "Wait and test again; if it comes back, lower `limits` in users.extra of user {id}.",
    Unscorable: "Try another text: this one it will not score. Of all texts? Then its config asks for what it lacks.",
    ScorerAway: "See whether it is up, and whether this machine reaches its URL.",
    BadAnswer: "See whether endpointType and endpoint in users.extra of user {id} fit what answers there.",
}


@dataclass(frozen=True)
class Trial:
    """What came of asking one scorer.

    Attributes:
      scored: None after an error, or where the answer comes later.
      reopened: whether it was held up before, and is asked again by all processes since.
    """

    state: ScorerState
    seconds: float
    scored: Scored | None = None
    reopened: bool = False
    error: ScorerError | None = None

    @property
    def problem(self) -> str:
        """Why there is no answer, and what to do; empty if it went well."""
        if self.error is None:
            return self.state.problem
        remedy = next((said for kind, said in REMEDIES.items() if isinstance(self.error, kind)), "")
        return f"{self.error}. {remedy.format(id=self.state.id)}".rstrip()

    def as_dict(self) -> dict[str, Any]:
        """In values that JSON has."""
        return {
            "scorer": self.state.as_dict(),
            "seconds": round(self.seconds, 3),
            "answer": self.scored.score_data if self.scored else None,
            "later": not self.problem and self.scored is None,
            "error": type(self.error).__name__ if self.error else "BadScorerConfig" if self.problem else None,
            "problem": self.problem,
            "reopened": self.reopened,
        }


def question(text: str) -> Question:
    """A text that was typed, as scorers are asked about it."""
    return question_of(0, Text(0, text), None, None)


def ask(state: ScorerState, asked: Question, reopen: Callable[[int], None]) -> Trial:
    """Ask one scorer: the real thing, at its real price, past the queue and past its limits.

    Parameters:
      reopen: has a scorer asked again by all processes, if it was held up and answers now.
    """
    if state.scorer is None:
        return Trial(state, 0.0)
    began = time.monotonic()
    try:
        scored = run(state.scorer.score(asked))
    except ScorerError as error:
        return Trial(state, time.monotonic() - began, error=error)
    seconds = time.monotonic() - began
    if state.is_held_up:
        reopen(state.id)
    return Trial(state, seconds, scored, reopened=state.is_held_up)
