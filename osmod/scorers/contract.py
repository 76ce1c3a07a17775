"""What a scorer is given, what it gives back, and how it says that it cannot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
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
    #: For the assistant protocol: `{commentId, plainText, htmlText, links: {self}}`.
    comment: Mapping[str, Any] = field(default_factory=dict)
    #: For the assistant protocol: `{articleId, plainText, links: {self}}`; None without an article.
    article: Mapping[str, Any] | None = None
    #: For the assistant protocol: the parent comment, in the form of `comment`.
    in_reply_to: Mapping[str, Any] | None = None
    #: For the assistant protocol: `{callback}`, where an answer that comes later is posted to.
    links: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Scored:
    """A scorer's answer.

    Attributes:
      score_data: `{"scores": {ATTRIBUTE: [{"score": 0..1, "begin"?: n, "end"?: n}]}, "summaryScores": {ATTRIBUTE:
        0..1}}`, offsets in UTF-16 units of the text that the scorer saw; and "extra" where there is more to say:
        `{"truncated": {"bytes": n, "of": n}}` of a text that was not sent whole.
    """

    score_data: dict[str, Any]


@dataclass(frozen=True)
class Limits:
    """How much a scorer may be asked, by all processes together: requests, and requests at the same time.

    `batch`: about how many comments one request may ask.
    """

    per_second: int | None = None
    per_minute: int | None = None
    concurrency: int | None = None
    batch: int = 1


UNLIMITED = Limits()


class BadScorerConfig(Exception):
    """A scorer's `users.extra` cannot be used. The message names the field, its value and the remedy."""


class ScorerError(Exception):
    """There is no score. The message names the scorer, its URL without key, and what went wrong.

    Attributes:
      body: the beginning of what the scorer answered, at most 2,000 characters, without its key.
    """

    def __init__(self, message: str, body: str = "") -> None:
        super().__init__(message)
        self.body = body


class Unscorable(ScorerError):
    """The scorer will never score this text: its language is not supported, or it is too long."""


class KeyRefused(ScorerError):
    """The key is not, or no longer, good for this scorer: nobody is answered until it is changed."""


class Throttled(ScorerError):
    """The scorer was asked too much.

    Attributes:
      retry_after: seconds after which it wants to be asked again; None where it does not say.
    """

    def __init__(self, message: str, body: str = "", retry_after: float | None = None) -> None:
        super().__init__(message, body)
        self.retry_after = retry_after


class ScorerAway(ScorerError):
    """The scorer answers nobody now: it is not reached, is overloaded, or is not at this URL."""


class BadAnswer(ScorerError):
    """The scorer answered something that makes no sense."""


class Scorer(Protocol):
    """Anything that can score a comment. Asked about many at the same time, on one event loop."""

    limits: Limits

    async def score(self, question: Question) -> Scored | None:
        """Score one comment. None where the answer comes later, to the callback of the question's `links`.

        Raises:
          ScorerError: there is no answer; its kind says why, and whether asking again may help.
        """
        ...
