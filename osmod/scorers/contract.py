"""What a scorer is given, what it gives back, and how it says that it cannot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True)
class Question:
    """One comment, as one scorer is asked about it."""

    #: The row in `comment_score_requests`.
    request_id: int
    #: The comment without its tags; entities as they are.
    text: str
    #: The length of the comment with its tags, in UTF-16 units.
    text_length: int
    #: The article's text, then the parent comment's, where there are such; without tags.
    context: tuple[str, ...] = ()


class ScorerError(Exception):
    """The scorer could not answer now. The message names the scorer, its URL without key, and what went wrong."""


class ScorerAway(ScorerError):
    """The scorer answers nobody now: it is not reached, is overloaded, or refuses the key."""


class BadScorerConfig(Exception):
    """A scorer's `users.extra` cannot be used. The message names the field, its value and the remedy."""


class Scorer(Protocol):
    """Anything that can score a comment. Called from many threads at once."""

    def score(self, question: Question) -> dict[str, Any]:
        """Score one comment; blocks until the answer is there.

        Returns `{"scores": {ATTRIBUTE: [{"score": 0..1, "begin": n, "end": n}]}, "summaryScores":
        {ATTRIBUTE: 0..1}}`; offsets in UTF-16 units of the text that the scorer saw.

        Raises:
          ScorerError: there is no answer, or none that makes sense.
        """
        ...
