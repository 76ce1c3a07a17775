"""Readers' flags: added, revoked, resolved, and summed up on their comment."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Final, cast

from sqlalchemy import Table, bindparam, delete, insert, select, update

from osmod.moderation.attributes import folded
from osmod.moderation.counts import Change, carry
from osmod.moderation.database import insert_one
from osmod.moderation.errors import NotFound, source_not_found
from osmod.moderation.lookups import find_user
from osmod.moderation.models import CommentFlag
from osmod.moderation.sources import find_comment_id
from osmod.moderation.state import State, lock_state
from osmod.moderation.surroundings import Flag, with_flags
from osmod.moderation.work import Work

#: The label that makes a flag a recommendation.
RECOMMENDATION = "recommendation"

_flags = cast("Table", CommentFlag.__table__)
_ADD = insert(_flags)
_WITHDRAW = delete(_flags).where(_flags.c.id == bindparam("flag"))
_RESOLVE = (
    update(_flags)
    .where(_flags.c.id == bindparam("flag"))
    .values(isResolved=True, resolvedById=bindparam("by"), resolvedAt=bindparam("at"))
)


_RESOLVED_BY = select(_flags.c.id).where(
    _flags.c.commentId == bindparam("comment"),
    _flags.c.isResolved.is_(True),
    _flags.c.resolvedById == bindparam("by"),
)
_REOPEN = (
    update(_flags)
    .where(_flags.c.id == bindparam("flag"))
    .values(isResolved=False, resolvedById=None, resolvedAt=None)
)


class _Unset:
    """Marks an `extra` that was not given, which differs from one given as null."""

    def __bool__(self) -> bool:
        return False


UNSET: Final = _Unset()


def add_flag(work: Work, label: str, source_comment_id: str, source_user_id: str, extra: Any = UNSET) -> None:
    """A reader flags a comment. One flag a reader and comment: a second one only replaces `extra`.

    `extra` is any JSON; not given, it stays as it is and only the flag's `updatedAt` is new, as in OSMod.

    Raises:
      NotFound: there is no such comment.
    """
    comment = _lock_by_source_id(work, source_comment_id)
    around, flags = with_flags(work, [comment.id])[comment.id]
    mine = [flag for flag in flags if _is_of(flag, source_user_id)]
    if mine:
        _amend(work, mine[0].id, extra)
    else:
        extra = extra if extra or isinstance(extra, (dict, list)) else None  # JavaScript's `||`
        flags.append(_add(work, comment.id, source_user_id, label.rstrip(" "), extra))
    carry(work, [Change(comment, summed_up(comment, flags), around.article)])


def revoke_flags(work: Work, source_comment_id: str, source_user_id: str) -> None:
    """A reader takes back what they flagged, whatever its label.

    Raises:
      NotFound: there is no such comment.
    """
    comment = _lock_by_source_id(work, source_comment_id)
    around, flags = with_flags(work, [comment.id])[comment.id]
    mine = [flag for flag in flags if _is_of(flag, source_user_id)]
    if mine:
        work.connection.execute(_WITHDRAW, [{"flag": flag.id} for flag in mine])
    others = [flag for flag in flags if flag not in mine]
    carry(work, [Change(comment, summed_up(comment, others), around.article)])


def resolve_flags(work: Work, comment_id: int, user_id: int | None) -> None:
    """A moderator has dealt with a comment's flags.

    The user is looked up only where there is a flag to resolve, as in OSMod.

    Raises:
      NotFound: there is no such comment or user.
    """
    comment = lock_state(work, comment_id)
    if comment is None:
        raise NotFound(f"No such comment {comment_id}")
    around, flags = with_flags(work, [comment_id])[comment_id]
    if still_open := unresolved(flags):
        moderator = find_user(work, user_id)
        resolve(work, [(flag, moderator) for flag in still_open])
    after = summed_up(comment, resolved(flags))
    carry(work, [Change(comment, after, around.article, by_moderator=True)])


def reopen(work: Work, comment_id: int, flag_ids: Sequence[int], user_id: int) -> None:
    """A moderator takes back that some of a comment's flags were dealt with; those of others stay so.

    Raises:
      NotFound: there is no such comment.
    """
    comment = lock_state(work, comment_id)
    if comment is None:
        raise NotFound(f"No such comment {comment_id}")
    around, flags = with_flags(work, [comment_id])[comment_id]
    theirs = work.connection.scalars(_RESOLVED_BY, {"comment": comment_id, "by": user_id})
    opened = set(theirs).intersection(flag_ids)
    if opened:
        work.connection.execute(_REOPEN, [{"flag": flag} for flag in sorted(opened)])
    flags = [replace(flag, is_resolved=False) if flag.id in opened else flag for flag in flags]
    carry(work, [Change(comment, summed_up(comment, flags), around.article, by_moderator=True)])


def unresolved(flags: Iterable[Flag]) -> list[int]:
    """The ids of those that are open."""
    return [flag.id for flag in flags if flag.is_resolved is False]


def resolve(work: Work, flags: Iterable[tuple[int, int | None]]) -> None:
    """Write that flags are resolved, each by a user."""
    rows = [{"flag": flag, "by": user_id, "at": work.now} for flag, user_id in flags]
    if rows:
        work.connection.execute(_RESOLVE, rows)


def resolved(flags: Iterable[Flag]) -> list[Flag]:
    """Flags as they are once those that are open are resolved."""
    return [replace(flag, is_resolved=True) if flag.is_resolved is False else flag for flag in flags]


def summed_up(comment: State, flags: Sequence[Flag]) -> State:
    """The comment with its flags' `flagsSummary` ({label: [total, unresolved, recommendations]}) and open count."""
    summary: dict[str, list[int]] = {}
    for flag in flags:
        entry = summary.setdefault(flag.label, [0, 0, 0])
        entry[0] += 1
        entry[1] += not flag.is_resolved
        entry[2] += bool(flag.is_recommendation)
    unresolved = sum(not flag.is_resolved for flag in flags)
    return replace(comment, unresolved_flags_count=unresolved, flags_summary=summary)


def _add(work: Work, comment_id: int, source_user_id: str, label: str, extra: Any) -> Flag:
    """Store a flag. `label` is as the column will give it back: without blanks at its end."""
    row = {
        "commentId": comment_id,
        "sourceId": source_user_id,
        "label": label,
        "isRecommendation": label == RECOMMENDATION,
        "isResolved": False,
        "extra": extra,
    }
    number = insert_one(work.connection, _ADD, row)
    return Flag(number, source_user_id, label, is_resolved=False, is_recommendation=label == RECOMMENDATION)


def _amend(work: Work, flag_id: int, extra: Any) -> None:
    """What a reader said again: few do, so that the session's own way will do."""
    flag = work.session.get_one(CommentFlag, flag_id, populate_existing=True)
    if extra is UNSET:
        flag.updated_at = work.now  # Sequelize saves a row whose one changed value is undefined
    else:
        flag.extra = extra
    work.session.flush()


def _is_of(flag: Flag, source_user_id: str) -> bool:
    """Whether it is this reader's flag, to OSMod's collation: "Ann" and "ann" are one."""
    return flag.source_id is not None and folded(flag.source_id) == folded(source_user_id)


def _lock_by_source_id(work: Work, source_id: str) -> State:
    found = find_comment_id(work.session, source_id)
    comment = lock_state(work, found) if found is not None else None
    if comment is None:
        raise source_not_found(source_id)
    return comment
