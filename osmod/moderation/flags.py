"""Readers' flags: added, revoked, resolved, and summed up on their comment."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol, cast

from sqlalchemy import Table, bindparam, delete, insert, select, update

from osmod.moderation.attributes import folded
from osmod.moderation.counts import Change, carry
from osmod.moderation.errors import NotFound, source_not_found
from osmod.moderation.lookups import find_users
from osmod.moderation.models import CommentFlag
from osmod.moderation.rounds import AboutComment, in_rounds
from osmod.moderation.sources import find_comment_id, find_comment_ids
from osmod.moderation.state import State
from osmod.moderation.surroundings import Flag, Subject, lock_subjects
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


@dataclass(frozen=True)
class Said:
    """What a reader says of a comment; ids are the publisher's. `extra` is any JSON, or not given."""

    label: str
    source_comment_id: str
    source_user_id: str
    extra: Any = UNSET


def add_flags(work: Work, said: Sequence[Said]) -> None:
    """Readers flag comments. One flag a reader and comment: a second one only replaces `extra`.

    Where that is not given, it stays as it is and only the flag's `updatedAt` is new, as in OSMod.

    Raises:
      NotFound: there is no such comment. Everything is to be rolled back then.
    """
    for some in in_rounds(_named(work, said)):
        subjects = _subjects(work, some)
        added = []
        for one, subject in zip(some, subjects, strict=True):
            if mine := one.flags_in(subject):
                _amend(work, mine[0].id, one.said.extra)
            else:
                added.append(row := _row(one.comment_id, one.said))
                subject.flags.append(_flag(row))
        if added:
            work.connection.execute(_ADD, added)
        settle(work, subjects)


def revoke_flags(work: Work, said: Sequence[Said]) -> None:
    """Readers take back what they flagged, whatever its label.

    Raises:
      NotFound: there is no such comment. Everything is to be rolled back then.
    """
    for some in in_rounds(_named(work, said)):
        subjects = _subjects(work, some)
        mine = [one.flags_in(subject) for one, subject in zip(some, subjects, strict=True)]
        withdrawn = [{"flag": flag.id} for flags in mine for flag in flags]
        if withdrawn:
            work.connection.execute(_WITHDRAW, withdrawn)
        left = [
            replace(subject, flags=[flag for flag in subject.flags if flag not in flags])
            for subject, flags in zip(subjects, mine, strict=True)
        ]
        settle(work, left)


class Resolving(AboutComment, Protocol):
    """A moderator, or nobody, has dealt with a comment's flags."""

    @property
    def user_id(self) -> int | None: ...


def resolve_flags(work: Work, acts: Sequence[Resolving]) -> None:
    """Moderators have dealt with comments' flags.

    A user is looked up only where there is a flag to resolve, as in OSMod.

    Raises:
      NotFound: there is no such comment or user. Everything is to be rolled back then.
    """
    for some in in_rounds(acts):
        found = _locked(work, [act.comment_id for act in some])
        subjects = [found[act.comment_id] for act in some]
        opened = [unresolved(subject.flags) for subject in subjects]
        moderators = find_users(
            work, [act.user_id if flags else None for act, flags in zip(some, opened, strict=True)]
        )
        resolve(
            work,
            [
                (flag, moderator)
                for flags, moderator in zip(opened, moderators, strict=True)
                for flag in flags
            ],
        )
        done = [replace(subject, flags=resolved(subject.flags)) for subject in subjects]
        settle(work, done, moderated=found)


def reopen(work: Work, comment_id: int, flag_ids: Sequence[int], user_id: int) -> None:
    """A moderator takes back that some of a comment's flags were dealt with; those of others stay so.

    Raises:
      NotFound: there is no such comment.
    """
    subject = _locked(work, [comment_id])[comment_id]
    theirs = work.connection.scalars(_RESOLVED_BY, {"comment": comment_id, "by": user_id})
    opened = set(theirs).intersection(flag_ids)
    if opened:
        work.connection.execute(_REOPEN, [{"flag": flag} for flag in sorted(opened)])
    flags = [replace(flag, is_resolved=False) if flag.id in opened else flag for flag in subject.flags]
    settle(work, [replace(subject, flags=flags)], moderated=[comment_id])


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
    return comment._replace(unresolved_flags_count=unresolved, flags_summary=summary)


def settle(work: Work, subjects: Iterable[Subject], *, moderated: Collection[int] = ()) -> None:
    """Sum comments' flags up anew, as OSMod does whatever was changed of a comment, and count them.

    Parameters:
      moderated: the ids of those comments that a moderator has acted on.
    """
    carry(
        work,
        [
            Change(
                one.comment,
                summed_up(one.comment, one.flags),
                one.around.article,
                one.comment.id in moderated,
            )
            for one in subjects
        ],
    )


@dataclass(frozen=True)
class _Named:
    """What a reader says, and of which comment."""

    comment_id: int
    said: Said

    def flags_in(self, subject: Subject) -> list[Flag]:
        """The reader's own flags, to OSMod's collation: "Ann" and "ann" are one."""
        reader = folded(self.said.source_user_id)
        return [flag for flag in subject.flags if flag.source_id and folded(flag.source_id) == reader]


def _named(work: Work, said: Sequence[Said]) -> list[_Named]:
    named = []
    known = find_comment_ids(work.session, {one.source_comment_id for one in said})
    for one in said:
        source_id = one.source_comment_id
        comment_id = known.get(source_id) or find_comment_id(work.session, source_id)
        if comment_id is None:
            raise source_not_found(source_id)
        named.append(_Named(comment_id, one))
    return named


def _locked(work: Work, comment_ids: Sequence[int]) -> dict[int, Subject]:
    """These comments, locked; all of them must be there."""
    found = lock_subjects(work, comment_ids)
    for comment_id in comment_ids:
        if comment_id not in found:
            raise NotFound(f"No such comment {comment_id}")
    return found


def _subjects(work: Work, named: Sequence[_Named]) -> list[Subject]:
    found = lock_subjects(work, [one.comment_id for one in named])
    for one in named:
        if one.comment_id not in found:
            raise source_not_found(one.said.source_comment_id)
    return [found[one.comment_id] for one in named]


def _row(comment_id: int, said: Said) -> dict[str, Any]:
    label = said.label.rstrip(" ")  # as the column gives it back
    extra = said.extra
    return {
        "commentId": comment_id,
        "sourceId": said.source_user_id,
        "label": label,
        "isRecommendation": label == RECOMMENDATION,
        "isResolved": False,
        "extra": extra if extra or isinstance(extra, (dict, list)) else None,  # JavaScript's `||`
    }


def _flag(row: dict[str, Any]) -> Flag:
    """A flag that is about to be stored, and has no id yet."""
    return Flag(0, row["sourceId"], row["label"], row["isResolved"], row["isRecommendation"])


def _amend(work: Work, flag_id: int, extra: Any) -> None:
    """What a reader said again: few do, so that the session's own way will do."""
    flag = work.session.get_one(CommentFlag, flag_id, populate_existing=True)
    if extra is UNSET:
        flag.updated_at = work.now  # Sequelize saves a row whose one changed value is undefined
    else:
        flag.extra = extra
    work.session.flush()
