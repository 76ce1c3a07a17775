"""Counting articles and categories again, where another program left their counts wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sqlalchemy import and_, case, func, or_, select
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import ColumnElement

from osmod.moderation.models import COUNTS, Article, Category, Comment


@dataclass(frozen=True)
class Correction:
    """A count that was wrong: of which row, what it said and what it should have said."""

    table: str
    row_id: int
    count: str
    found: int
    right: int


def recount(
    session: Session, *, dry_run: bool = False, counted: Callable[[int, int], None] = lambda done, of: None
) -> Iterator[Correction]:
    """Count every article and category again, one a transaction; yield what was off, corrected.

    Safe while workers run: a row is locked while its comments are counted, so that a task in progress
    adds its difference afterwards. `counted` is told how many rows are done, and of how many.
    """
    articles = session.scalars(select(Article.id).order_by(Article.id)).all()
    categories = session.scalars(select(Category.id).order_by(Category.id)).all()
    rows = len(articles) + len(categories)
    uncorrected: Counter[tuple[int | None, str]] = Counter()
    for done, article_id in enumerate(articles, 1):
        row = session.get(Article, article_id, with_for_update=True, populate_existing=True)
        if row is not None:  # else it was deleted meanwhile
            category_id = row.category_id
            for correction in _correct(session, row, _counted(session, article_id), dry_run):
                uncorrected[category_id, correction.count] += (correction.right - correction.found) * dry_run
                yield correction
        counted(done, rows)
    for done, category_id in enumerate(categories, 1 + len(articles)):
        group = session.get(Category, category_id, with_for_update=True, populate_existing=True)
        if group is not None:
            right = {
                name: count + uncorrected[category_id, name]
                for name, count in _summed(session, category_id).items()
            }
            yield from _correct(session, group, right, dry_run)
        counted(done, rows)


def _correct(
    session: Session, row: Article | Category, right: dict[str, int], dry_run: bool
) -> list[Correction]:
    wrong = [
        Correction(row.__tablename__, row.id, name, getattr(row, name), right[name])
        for name in COUNTS
        if getattr(row, name) != right[name]
    ]
    if dry_run:
        session.rollback()
        return wrong
    for correction in wrong:
        setattr(row, correction.count, correction.right)
    session.commit()
    return wrong


def _counted(session: Session, article_id: int) -> dict[str, int]:
    decided = or_(Comment.is_moderated.is_(True), Comment.is_deferred.is_(True))
    conditions: dict[str, ColumnElement[bool]] = {
        "unprocessed_count": Comment.is_scored.is_(False),
        "unmoderated_count": and_(
            Comment.is_scored.is_(True), Comment.is_moderated.is_(False), Comment.is_deferred.is_(False)
        ),
        "moderated_count": and_(Comment.is_scored.is_(True), decided),
        "highlighted_count": Comment.is_highlighted.is_(True),
        "approved_count": Comment.is_accepted.is_(True),
        "rejected_count": and_(Comment.is_accepted.is_(False), Comment.is_highlighted.is_(False)),
        "deferred_count": Comment.is_deferred.is_(True),
        "flagged_count": and_(
            Comment.unresolved_flags_count > 0,
            or_(Comment.is_moderated.is_(False), Comment.is_accepted.is_(True)),
        ),
        "batched_count": and_(Comment.is_moderated.is_(True), Comment.is_batch_resolved.is_(True)),
    }
    sums = [func.coalesce(func.sum(case((condition, 1), else_=0)), 0) for condition in conditions.values()]
    row = session.execute(select(func.count(), *sums).where(Comment.article_id == article_id)).one()
    return dict(zip(("all_count", *conditions), map(int, row), strict=True))


def _summed(session: Session, category_id: int) -> dict[str, int]:
    sums = [func.coalesce(func.sum(getattr(Article, name)), 0) for name in COUNTS]
    row = session.execute(select(*sums).where(Article.category_id == category_id)).one()
    return dict(zip(COUNTS, map(int, row), strict=True))
