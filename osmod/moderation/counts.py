"""The counts that moderators see on articles and categories, kept by differences.

OSMod counts the whole article again at every task; here a task adds what its own comment changed, so its
cost does not grow with the article. `recount` repairs counts that another program left wrong.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Protocol, cast

from sqlalchemy import BindParameter, Executable, Table, and_, bindparam, case, func, or_, select, update
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import ColumnElement

from osmod.moderation.models import COUNTS, Article, Category, Comment
from osmod.moderation.state import State, write_state
from osmod.moderation.work import Work

#: Which counts (`COUNTS`) a comment belongs to.
Standing = dict[str, bool]
#: By how much which counts change.
Differences = tuple[tuple[str, int], ...]
#: The standing of a comment that is not counted yet.
NOWHERE: Standing = dict.fromkeys(COUNTS, False)


class Counted(Protocol):
    """An article, as far as its comments are counted."""

    @property
    def id(self) -> int: ...

    @property
    def category_id(self) -> int | None: ...


def _added(model: type[Article] | type[Category]) -> Executable:
    number: BindParameter[int] = bindparam("number")
    table = cast("Table", model.__table__)
    values = {name: table.c[name] + number for name in ("allCount", "unprocessedCount")}
    return update(table).where(table.c.id == bindparam("row_id")).values(values)


_ADDED = {Article: _added(Article), Category: _added(Category)}


def standing(comment: Comment | State) -> Standing:
    """Which counts `comment` belongs to as it is now (behaviour.md, fact 10)."""
    decided = comment.is_moderated or comment.is_deferred
    return {
        "all_count": True,
        "unprocessed_count": not comment.is_scored,
        "unmoderated_count": comment.is_scored and not comment.is_moderated and comment.is_deferred is False,
        "moderated_count": bool(comment.is_scored and decided),
        "highlighted_count": bool(comment.is_highlighted),
        "approved_count": comment.is_accepted is True,
        "rejected_count": comment.is_accepted is False and comment.is_highlighted is False,
        "deferred_count": bool(comment.is_deferred),
        "flagged_count": comment.unresolved_flags_count > 0
        and (not comment.is_moderated or comment.is_accepted is True),
        "batched_count": bool(comment.is_moderated and comment.is_batch_resolved),
    }


def carry(
    work: Work, before: State, after: State, article: Counted | None, *, by_moderator: bool = False
) -> None:
    """Write what has changed of a comment, and carry it over to the counts of its article, as `move` does."""
    write_state(work, before, after)
    if article is not None:
        move(work, article, standing(before), standing(after), by_moderator=by_moderator)


def move(
    work: Work, article: Counted, before: Standing, after: Standing, *, by_moderator: bool = False
) -> None:
    """Carry one comment's change of standing over to its article and category.

    Written last in the transaction, all of it at once: both rows are locked until the commit, and others wait for
    them. `by_moderator` sets the article's `lastModeratedAt`. A count that another program left too low stops at 0.
    """
    differences = {name: after[name] - before[name] for name in COUNTS if after[name] != before[name]}
    if not differences and not by_moderator:
        return
    shifts: dict[int, _Shift] = work.last.setdefault(_write, {})
    shift = shifts.setdefault(article.id, _Shift(article.category_id))
    shift.by_moderator |= by_moderator
    for name, by in differences.items():
        shift.by[name] += by
    work.changed("article", "modify", article.id)
    if differences and article.category_id is not None:
        work.changed("category", "modify", article.category_id)


@dataclass
class _Shift:
    """By how much the counts of an article change, and with them those of its category."""

    category_id: int | None
    by: Counter[str] = field(default_factory=Counter)
    by_moderator: bool = False


def _write(work: Work, shifts: dict[int, _Shift]) -> None:
    """Articles, then categories, each in the order of their ids, so that two transactions never wait for each other."""
    if len(shifts) == 1 and _write_both(work, *next(iter(shifts.items()))):
        return
    of_categories: defaultdict[int, Counter[str]] = defaultdict(Counter)
    for article_id, shift in sorted(shifts.items()):
        moments = {"last_moderated_at": work.now} if shift.by_moderator else {}
        if (differences := _differences(shift.by)) or moments:
            work.connection.execute(_shift(Article, differences, *moments), {"row_id": article_id, **moments})
        if shift.category_id is not None:
            of_categories[shift.category_id].update(shift.by)
    for category_id, by in sorted(of_categories.items()):
        if differences := _differences(by):
            work.connection.execute(_shift(Category, differences), {"row_id": category_id})


def _write_both(work: Work, article_id: int, shift: _Shift) -> bool:
    """An article and its category by one statement, where the database can: one round trip less while both are held.

    False: it cannot, or the article has no category any more; nothing is done then.
    """
    differences = _differences(shift.by)
    if work.connection.dialect.name == "sqlite" or shift.category_id is None or not differences:
        return False
    moments = {"last_moderated_at": work.now} if shift.by_moderator else {}
    statement = _shift_both(differences, *moments)
    return work.connection.execute(statement, {"row_id": article_id, **moments}).rowcount > 0


def _differences(by: Mapping[str, int]) -> Differences:
    return tuple((name, by[name]) for name in COUNTS if by.get(name))


def add_new(work: Work, arrived: Mapping[tuple[int, int | None], int]) -> None:
    """Count new comments: how many came, by article and its category. Call it last: it locks both."""
    of_categories: Counter[int] = Counter()
    for (_article_id, category_id), number in arrived.items():
        if category_id is not None:
            of_categories[category_id] += number
    of_articles = {article_id: number for (article_id, _category_id), number in arrived.items()}
    _add(work, Article, of_articles)
    _add(work, Category, of_categories)


def _add(work: Work, model: type[Article] | type[Category], numbers: Mapping[int, int]) -> None:
    rows = [{"row_id": row_id, "number": numbers[row_id]} for row_id in sorted(numbers)]
    if rows:
        work.connection.execute(_ADDED[model], rows)
    for row_id in numbers:
        work.changed("article" if model is Article else "category", "modify", row_id)


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


@cache
def _shift(model: type[Article] | type[Category], differences: Differences, *moments: str) -> Executable:
    """The statement that adds `differences` to the row `row_id` and sets `moments`. Few differ: each is made once."""
    table = cast("Table", model.__table__)
    values = _shifted(model, differences, moments)
    return update(table).where(table.c.id == bindparam("row_id")).values(values)


@cache
def _shift_both(differences: Differences, *moments: str) -> Executable:
    """The same for the article `row_id` and its category; MySQL and MariaDB have it."""
    articles, categories = cast("Table", Article.__table__), cast("Table", Category.__table__)
    values = _shifted(Article, differences, moments) | _shifted(Category, differences)
    of_both = and_(articles.c.id == bindparam("row_id"), categories.c.id == articles.c.categoryId)
    return update(articles).where(of_both).values(values)


def _shifted(
    model: type[Article] | type[Category], differences: Differences, moments: tuple[str, ...] = ()
) -> dict[Any, Any]:
    columns = model.__mapper__.columns
    changed = {columns[name]: _plus(columns[name], by) for name, by in differences}
    return changed | {columns[name]: bindparam(name) for name in moments}


def _plus(column: ColumnElement[int], by: int) -> ColumnElement[int]:
    # The columns are unsigned: below 0 the statement would fail and the decision with it.
    return column + by if by > 0 else case((column >= -by, column - -by), else_=0)


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
