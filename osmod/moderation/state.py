"""A comment as its moderation stands: locked, changed as a value, and written back as what differs."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache
from typing import Any, cast

from sqlalchemy import Executable, Table, bindparam, select, update

from osmod.moderation.models import Comment
from osmod.moderation.work import Work


@dataclass(frozen=True)
class State:
    """What tasks go by of a comment, and what they change of it; without its text. Columns of `Comment`."""

    id: int
    source_id: str
    article_id: int | None
    owner_id: int | None
    is_scored: bool
    is_moderated: bool
    is_accepted: bool | None
    is_deferred: bool | None
    is_highlighted: bool | None
    is_batch_resolved: bool | None
    is_auto_resolved: bool | None
    max_summary_score: float | None
    max_summary_score_tag_id: int | None
    unresolved_flags_count: int
    flags_summary: dict[str, list[int]] | None


_NAMES = tuple(field.name for field in fields(State))
_comments = cast("Table", Comment.__table__)
#: Of a statement: the columns of a `State`, in its order.
STATE = [Comment.__mapper__.columns[name] for name in _NAMES]
_LOCK = select(*STATE).where(_comments.c.id == bindparam("comment")).with_for_update()


def lock_state(work: Work, comment_id: int) -> State | None:
    """The comment, its row locked until the commit: whoever changes its state goes through here, or `lock_comment`."""
    row = work.connection.execute(_LOCK, {"comment": comment_id}).one_or_none()
    return State(*row) if row else None


def write_state(work: Work, before: State, after: State) -> None:
    """Write what has changed of a comment, if anything has."""
    old, new = vars(before), vars(after)
    changed = {name: value for name, value in new.items() if value != old[name]}
    if changed:
        work.connection.execute(_update(tuple(changed)), {"comment": before.id, **changed})
        work.changed("comment", "modify", before.id)


@cache
def _update(names: tuple[str, ...]) -> Executable:
    """The statement that sets these columns. Few sets of them occur: each is made once."""
    columns = Comment.__mapper__.columns
    values: dict[Any, Any] = {columns[name]: bindparam(name) for name in names}
    return update(_comments).where(_comments.c.id == bindparam("comment")).values(values)
