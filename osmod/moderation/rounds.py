"""Items of several jobs that are done together, as far as none of them needs to know what another did."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol, TypeVar


class AboutComment(Protocol):
    """What is about one comment."""

    @property
    def comment_id(self) -> int: ...


T = TypeVar("T", bound=AboutComment)


def in_rounds(items: Sequence[T]) -> Iterator[list[T]]:
    """The items in rounds, each with one item of a comment at most, in the order of the comments' ids.

    The first round has all comments: whoever locks those of a round has them all locked in one order. Items of the same
    comment keep their order.
    """
    rounds: list[dict[int, T]] = []
    for item in items:
        free = next((one for one in rounds if item.comment_id not in one), None)
        if free is None:
            rounds.append(free := {})
        free[item.comment_id] = item
    for one in rounds:
        yield [one[comment_id] for comment_id in sorted(one)]
