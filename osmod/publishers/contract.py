"""What a publisher is told, and how it says that it heard."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol


@dataclass(frozen=True)
class News:
    """A decision on a comment.

    Attributes:
      id: the same on every attempt to tell it, so that a publisher that heard it twice can know.
      event: `comment.accepted`, `comment.rejected` or `comment.deferred`.
      moment: when it was decided.
      data: the comment's ids, the decision, who made it and for which reasons, and its sequence number: of two
        decisions on a comment the one with the higher number counts.
    """

    id: str
    event: str
    moment: datetime
    data: Mapping[str, Any]


@dataclass(frozen=True)
class Told:
    """The publisher has the news. `status` and `answer` (its beginning) are kept for operators."""

    status: int | None = None
    answer: str = ""


class NotTold(Exception):
    """The publisher did not take the news; it is told again later. The message says what went wrong, in a sentence
    without secrets.

    Attributes:
      status: of its HTTP answer; None: there was none.
      answer: the beginning of what it answered.
      retry_after: seconds for which it wants to be left alone.
      away: whether it takes nothing from anybody now, as opposed to not this.
    """

    def __init__(
        self,
        sentence: str,
        *,
        status: int | None = None,
        answer: str = "",
        retry_after: float | None = None,
        away: bool = False,
    ) -> None:
        super().__init__(sentence)
        self.status, self.answer, self.retry_after, self.away = status, answer, retry_after, away


class PublisherGone(NotTold):
    """The publisher wants to be told nothing any more: it is disabled until an operator enables it."""


class BadPublisherConfig(Exception):
    """A publisher's `users.extra` cannot be used. The message names the field, what is wrong and the remedy."""


class Publisher(Protocol):
    """Whoever is told of decisions. Made anew for each attempt; many attempts run at once."""

    def tell(self, news: News) -> Told | Awaitable[Told]:
        """Tell one decision; returns once it is acknowledged, after 60 seconds at most. It may be an `async def`;
        else it has a thread.

        Raises:
          NotTold: it was not acknowledged. Any other exception is taken for the same.
        """
        ...


#: Makes a publisher of a user's id and `extra`, in a thread. Raises `BadPublisherConfig`.
MakePublisher = Callable[[int, Mapping[str, Any]], Publisher]
