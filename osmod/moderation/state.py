"""A comment as its moderation stands: locked, changed as a value, and written back as what differs."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, NamedTuple, cast

from sqlalchemy import Table, bindparam, select

from osmod.moderation.locking import in_order
from osmod.moderation.models import Comment, now
from osmod.moderation.updating import update_rows
from osmod.moderation.work import Work


class State(NamedTuple):
    """What tasks go by of a comment, and what they change of it; without its text. Columns of `Comment`.

    A tuple: every comment has several, one for each change, and each took four times as long as a dataclass.
    """

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


_comments = cast("Table", Comment.__table__)
#: Of a statement: the columns of a `State`, in its order.
STATE = [Comment.__mapper__.columns[name] for name in State._fields]
_COLUMNS = dict(zip(State._fields, STATE, strict=True))
_LOCK = in_order(select(*STATE).where(_comments.c.id.in_(bindparam("comments", expanding=True))))


def lock_states(work: Work, comment_ids: Collection[int]) -> dict[int, State]:
    """Comments by their ids, those that are there, their rows locked until the commit, in the order of their ids.

    Whoever changes their state goes through here, through `lock_with_requests` or through `lock_comment`.
    """
    return {
        row[0]: State._make(row) for row in work.connection.execute(_LOCK, {"comments": list(comment_ids)})
    }


def lock_state(work: Work, comment_id: int) -> State | None:
    """The comment, its row locked until the commit; None: it is not there."""
    return lock_states(work, [comment_id]).get(comment_id)


def write_states(work: Work, changes: Iterable[tuple[State, State]]) -> None:
    """Write what has changed of comments, each as it was and as it is; those that change the same together."""
    alike: dict[tuple[str, ...], list[tuple[Any, ...]]] = {}
    for before, after in changes:
        values = zip(State._fields, before, after, strict=True)
        changed = {name: new for name, old, new in values if new != old}
        if changed:
            alike.setdefault(tuple(changed), []).append((before.id, now(), *changed.values()))
            work.changed("comment", "modify", before.id)
    for names, rows in alike.items():
        columns = [_comments.c.updatedAt, *(_COLUMNS[name] for name in names)]
        update_rows(work.connection, _comments.c.id, columns, rows)
