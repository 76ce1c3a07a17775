"""The counts that moderators see on articles and categories, kept by differences.

OSMod counts the whole article again at every task; here a task adds what its own comment changed, so its
cost does not grow with the article. `recounting.recount` repairs counts that another program left wrong.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Protocol, cast

from sqlalchemy import (
    BindParameter,
    Executable,
    Integer,
    Table,
    and_,
    bindparam,
    case,
    update,
)
from sqlalchemy.sql.elements import ColumnElement

from osmod.moderation.models import COUNTS, Article, Category, Comment
from osmod.moderation.state import State, write_states
from osmod.moderation.work import Work

#: Which counts (`COUNTS`) a comment belongs to.
Standing = dict[str, bool]
#: By how much which counts change.
Differences = dict[str, int]
#: Which of them grow (True) and which shrink: what a statement is made for.
Directions = tuple[tuple[str, bool], ...]
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


@dataclass(frozen=True)
class Change:
    """A comment as it was and as it is now, and what it is counted in; `by_moderator` as in `move`."""

    before: State
    after: State
    article: Counted | None
    by_moderator: bool = False


def carry(work: Work, changes: Sequence[Change]) -> None:
    """Write what has changed of comments, and carry it over to the counts of their articles, as `move` does."""
    write_states(work, [(one.before, one.after) for one in changes])
    for one in changes:
        if one.article is not None:
            before, after = standing(one.before), standing(one.after)
            move(work, one.article, before, after, by_moderator=one.by_moderator)


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
            statement = _shift(Article, _directions(differences), *moments)
            work.connection.execute(statement, {"row_id": article_id, **_amounts(differences), **moments})
        if shift.category_id is not None:
            of_categories[shift.category_id].update(shift.by)
    for category_id, by in sorted(of_categories.items()):
        if differences := _differences(by):
            statement = _shift(Category, _directions(differences))
            work.connection.execute(statement, {"row_id": category_id, **_amounts(differences)})


def _write_both(work: Work, article_id: int, shift: _Shift) -> bool:
    """An article and its category by one statement, where the database can: one round trip less while both are held.

    False: it cannot, or the article has no category any more; nothing is done then.
    """
    differences = _differences(shift.by)
    if work.connection.dialect.name == "sqlite" or shift.category_id is None or not differences:
        return False
    moments = {"last_moderated_at": work.now} if shift.by_moderator else {}
    statement = _shift_both(_directions(differences), *moments)
    values = {"row_id": article_id, **_amounts(differences), **moments}
    return work.connection.execute(statement, values).rowcount > 0


def _differences(by: Mapping[str, int]) -> Differences:
    return {name: by[name] for name in COUNTS if by.get(name)}


def _directions(differences: Differences) -> Directions:
    return tuple((name, by > 0) for name, by in differences.items())


def _amounts(differences: Differences) -> dict[str, int]:
    return {f"{name}_by": abs(by) for name, by in differences.items()}


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


@cache
def _shift(model: type[Article] | type[Category], directions: Directions, *moments: str) -> Executable:
    """The statement that adds to the row `row_id`, and sets `moments`. Few differ: each is made once."""
    table = cast("Table", model.__table__)
    values = _shifted(model, directions, moments)
    return update(table).where(table.c.id == bindparam("row_id")).values(values)


@cache
def _shift_both(directions: Directions, *moments: str) -> Executable:
    """The same for the article `row_id` and its category; MySQL and MariaDB have it."""
    articles, categories = cast("Table", Article.__table__), cast("Table", Category.__table__)
    values = _shifted(Article, directions, moments) | _shifted(Category, directions)
    of_both = and_(articles.c.id == bindparam("row_id"), categories.c.id == articles.c.categoryId)
    return update(articles).where(of_both).values(values)


def _shifted(
    model: type[Article] | type[Category], directions: Directions, moments: tuple[str, ...] = ()
) -> dict[Any, Any]:
    columns = model.__mapper__.columns
    changed = {columns[name]: _moved(columns[name], name, grows) for name, grows in directions}
    return changed | {columns[name]: bindparam(name) for name in moments}


def _moved(column: ColumnElement[int], name: str, grows: bool) -> ColumnElement[int]:
    by: BindParameter[int] = bindparam(f"{name}_by", type_=Integer)
    # The columns are unsigned: below 0 the statement would fail and the decision with it.
    return column + by if grows else case((column >= by, column - by), else_=0)
