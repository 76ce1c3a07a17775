"""How many comments wait, as OSMod's counts of articles and categories say it: cheap however many there are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from osmod.moderation.models import Article, Category

#: Why comments wait: nobody has decided (`new`), somebody or a rule put the decision off (`deferred`), or readers
#: flagged what is public or undecided (`flagged`).
Queue = Literal["new", "deferred", "flagged"]
QUEUES: tuple[Queue, ...] = ("new", "deferred", "flagged")
#: Which counts of articles and categories say how many.
COUNTED = {
    "new": "unmoderated_count",
    "deferred": "deferred_count",
    "flagged": "flagged_count",
    "unscored": "unprocessed_count",
}
#: Articles without a category that are added up at most: the newest.
ADDED_UP = 20_000


@dataclass(frozen=True)
class Standing:
    """So many wait, or, with `more`, at least so many."""

    count: int
    more: bool = False

    def __bool__(self) -> bool:
        return bool(self.count or self.more)


@dataclass(frozen=True)
class Sizes:
    """How many comments are in each queue, and how many have no scores yet; with `more`, at least so many."""

    new: int
    deferred: int
    flagged: int
    unscored: int
    more: bool = False

    def of(self, queue: Queue) -> Standing:
        """How many wait in one queue."""
        return Standing(getattr(self, queue), self.more)

    def __add__(self, other: Sizes) -> Sizes:
        return _read(
            (getattr(self, name) + getattr(other, name) for name in COUNTED), more=self.more or other.more
        )


def of_category(category: Category) -> Sizes:
    """What a category's counts say."""
    return _read(getattr(category, name) for name in COUNTED.values())


def of_article(session: Session, article_id: int) -> Sizes:
    """What an article's counts say; nothing of one that is gone."""
    row = session.execute(select(*_columns(Article)).where(Article.id == article_id)).first()
    return _read(row or [None] * len(COUNTED))


def without_category(session: Session) -> Sizes:
    """What waits on articles without a category: the newest of them are added up."""
    loose = select(*_columns(Article)).where(Article.category_id.is_(None))
    newest = loose.order_by(Article.id.desc()).limit(ADDED_UP + 1).subquery()
    number, *sums = session.execute(select(func.count(), *map(func.sum, newest.c))).one()
    return _read(sums, more=number > ADDED_UP)


def of_categories(session: Session) -> Sizes:
    """What waits in all categories. A category's count is the sum of its articles'."""
    return _read(session.execute(select(*map(func.sum, _columns(Category)))).one())


def in_all(session: Session) -> Sizes:
    """What waits, wherever."""
    return of_categories(session) + without_category(session)


def _read(counts: Iterable[Any], *, more: bool = False) -> Sizes:
    """Counts in the order of `COUNTED`; None is 0, as of nothing added up."""
    new, deferred, flagged, unscored = (int(one or 0) for one in counts)
    return Sizes(new, deferred, flagged, unscored, more)


def _columns(model: Any) -> list[Any]:
    return [getattr(model, name) for name in COUNTED.values()]
