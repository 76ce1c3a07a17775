"""Comments chosen in bulk: how many fit, and their ids page by page, each page at the same cost."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select, true
from sqlalchemy.orm import Session

from osmod.moderation.models import Article, Comment, Unscored

#: Rows of `comments` that a page looks at, whether or not they fit.
WINDOW = 5_000
#: What is asked of each.
COLUMNS = ("id", "article_id", "created_at", "is_scored", "is_moderated", "is_accepted")


@dataclass(frozen=True)
class Choice:
    """The comments for which all of it is true.

    Attributes:
      article_id, category_id: of this one; None: of any.
      since: stored here from this moment on; None: whenever.
      scored: those that have their scores, too.
      decided: those that a person or a rule decided, too. One that was put before a person only because a scorer was
        given up is not decided.
    """

    article_id: int | None = None
    category_id: int | None = None
    since: datetime | None = None
    scored: bool = False
    decided: bool = False


@dataclass(frozen=True)
class Extent:
    """How many comments fit, and the lowest and the highest of their ids (0 if none does)."""

    count: int
    first: int
    last: int


@dataclass(frozen=True)
class Page:
    """Ids of comments that fit, in their order; all up to `end` have been looked at, and none beyond."""

    ids: tuple[int, ...]
    end: int


def measure(session: Session, choice: Choice, after: int = 0) -> Extent:
    """Count the comments that fit and whose id is above `after`. Reads the table once, unless an article is named."""
    columns = select(func.count(), func.min(Comment.id), func.max(Comment.id))
    count, first, last = session.execute(columns.where(Comment.id > after, _fits(choice, Comment))).one()
    return Extent(count, first or 0, last or 0)


def page(session: Session, choice: Choice, after: int, last: int) -> Page:
    """Those that fit among the next `WINDOW` comments above `after`, up to `last`.

    The window is read by the primary key, before anything else is asked of its rows: what a page costs depends on
    neither where it lies nor how many fit.
    """
    window = (
        select(*map(_column, COLUMNS))
        .where(Comment.id > after, Comment.id <= last)
        .order_by(Comment.id)
        .limit(WINDOW)
        .subquery()
    )
    rows = session.execute(select(window.c.id, _fits(choice, window.c)).order_by(window.c.id)).all()
    return Page(tuple(row[0] for row in rows if row[1]), rows[-1][0] if rows else last)


def _column(name: str) -> ColumnElement[Any]:
    column: ColumnElement[Any] = getattr(Comment, name).label(name)
    return column


def _fits(choice: Choice, row: Any) -> ColumnElement[bool]:
    """The condition on `row`, which has the columns by the names of the attributes."""
    conditions: list[ColumnElement[bool]] = []
    if choice.article_id is not None:
        conditions.append(row.article_id == choice.article_id)
    if choice.category_id is not None:
        of_category = select(Article.id).where(Article.id == row.article_id)
        conditions.append(of_category.where(Article.category_id == choice.category_id).exists())
    if choice.since is not None:
        conditions.append(row.created_at >= choice.since)
    if not choice.scored:
        conditions.append(row.is_scored.is_(False))
    if not choice.decided:
        conditions.append(or_(row.is_moderated.is_(False), _is_given_up(row)))
    return and_(true(), *conditions)


def _is_given_up(row: Any) -> ColumnElement[bool]:
    given_up = select(Unscored.comment_id).where(Unscored.comment_id == row.id)
    return and_(row.is_accepted.is_(None), given_up.exists())
