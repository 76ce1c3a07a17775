"""Readers' flags: added, revoked, resolved, and summed up on their comment."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from osmod.moderation import counts
from osmod.moderation.attributes import folded
from osmod.moderation.errors import NotFound, source_not_found
from osmod.moderation.lookups import find_article, find_user, lock_comment
from osmod.moderation.models import Comment, CommentFlag
from osmod.moderation.sources import find_comment_id
from osmod.moderation.work import Work

#: The label that makes a flag a recommendation.
RECOMMENDATION = "recommendation"

_FLAGS = select(CommentFlag).where(CommentFlag.comment_id == bindparam("comment")).order_by(CommentFlag.id)


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
    comment = _lock_by_source_id(work.session, source_comment_id)
    before = counts.standing(comment)
    flags = _flags_of(work.session, comment)
    mine = [flag for flag in flags if _is_of(flag, source_user_id)]
    label = label.rstrip(" ")  # as the column will give it back
    if not mine:
        flag = CommentFlag(
            comment_id=comment.id,
            source_id=source_user_id,
            label=label,
            is_recommendation=label == RECOMMENDATION,
            is_resolved=False,
            extra=extra if extra or isinstance(extra, (dict, list)) else None,  # JavaScript's `||`
        )
        work.session.add(flag)
        flags.append(flag)
    elif extra is UNSET:
        mine[0].updated_at = work.now  # Sequelize saves a row whose one changed value is undefined
    else:
        mine[0].extra = extra
    _settle(work, comment, flags, before)


def revoke_flags(work: Work, source_comment_id: str, source_user_id: str) -> None:
    """A reader takes back what they flagged, whatever its label.

    Raises:
      NotFound: there is no such comment.
    """
    comment = _lock_by_source_id(work.session, source_comment_id)
    before = counts.standing(comment)
    flags = _flags_of(work.session, comment)
    mine = [flag for flag in flags if _is_of(flag, source_user_id)]
    for flag in mine:
        work.session.delete(flag)
    _settle(work, comment, [flag for flag in flags if flag not in mine], before)


def resolve_flags(work: Work, comment_id: int, user_id: int | None) -> None:
    """A moderator has dealt with a comment's flags.

    The user is looked up only where there is a flag to resolve, as in OSMod.

    Raises:
      NotFound: there is no such comment or user.
    """
    comment = lock_comment(work.session, comment_id)
    if comment is None:
        raise NotFound(f"No such comment {comment_id}")
    before = counts.standing(comment)
    flags = resolve_open_flags(work, comment, user_id)
    _settle(work, comment, flags, before, by_moderator=True)


def resolve_open_flags(work: Work, comment: Comment, user_id: int | None) -> list[CommentFlag]:
    """Mark the comment's open flags as resolved and return all its flags.

    Raises:
      NotFound: there is a flag to resolve, and no such user.
    """
    flags = _flags_of(work.session, comment)
    unresolved = [flag for flag in flags if flag.is_resolved is False]
    if unresolved:
        user_id = find_user(work.session, user_id)
    for flag in unresolved:
        flag.is_resolved, flag.resolved_by_id, flag.resolved_at = True, user_id, work.now
    return flags


def summarise(session: Session, comment: Comment, flags: Iterable[CommentFlag] | None = None) -> None:
    """Set the comment's `flagsSummary` ({label: [total, unresolved, recommendations]}) and open count."""
    summary: dict[str, list[int]] = {}
    unresolved = 0
    for flag in _flags_of(session, comment) if flags is None else flags:
        entry = summary.setdefault(flag.label, [0, 0, 0])
        entry[0] += 1
        entry[1] += not flag.is_resolved
        entry[2] += bool(flag.is_recommendation)
        unresolved += not flag.is_resolved
    comment.unresolved_flags_count = unresolved
    if comment.flags_summary != summary:
        comment.flags_summary = summary


def _settle(
    work: Work,
    comment: Comment,
    flags: Iterable[CommentFlag],
    before: counts.Standing,
    *,
    by_moderator: bool = False,
) -> None:
    summarise(work.session, comment, flags)
    work.session.flush()
    article = find_article(work.session, comment)
    if article:
        counts.move(work, article, before, counts.standing(comment), by_moderator=by_moderator)


def _is_of(flag: CommentFlag, source_user_id: str) -> bool:
    """Whether it is this reader's flag, to OSMod's collation: "Ann" and "ann" are one."""
    return flag.source_id is not None and folded(flag.source_id) == folded(source_user_id)


def _flags_of(session: Session, comment: Comment) -> list[CommentFlag]:
    return list(session.scalars(_FLAGS, {"comment": comment.id}))


def _lock_by_source_id(session: Session, source_id: str) -> Comment:
    found = find_comment_id(session, source_id)
    comment = lock_comment(session, found) if found is not None else None
    if comment is None:
        raise source_not_found(source_id)
    return comment
