"""Which decision on a comment is to be told next, and by whom: one worker at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import uuid4

from sqlalchemy import Select, Table, bindparam, func, select, update
from sqlalchemy.orm import Session

from osmod.extra import fields_of
from osmod.moderation.models import DecisionDelivery, PublisherStanding, User

#: How long a worker may take to tell a publisher and note what came of it. After that it has died.
LEASE = timedelta(seconds=90)
#: From the first attempt on.
GIVE_UP = timedelta(days=3)

_deliveries = cast("Table", DecisionDelivery.__table__)


def in_turn(statement: Select[Any]) -> Select[Any]:
    """A statement on deliveries of some comments that locks them, and no others, comment by comment in their order.

    MySQL would read a small table from its beginning, and wait for rows that were not asked for.
    """
    hinted = statement.with_hint(_deliveries, "FORCE INDEX (osmod_worker_deliveries_comment_id)")
    return hinted.order_by(DecisionDelivery.comment_id, DecisionDelivery.id).with_for_update()


_OF_COMMENTS = DecisionDelivery.comment_id.in_(bindparam("comments", expanding=True))
_ROWS = in_turn(
    select(DecisionDelivery).where(
        _OF_COMMENTS, DecisionDelivery.state.in_(("waiting", "held", "delivered", "failed"))
    )
)
#: Shared: so that nobody disables one meanwhile, and others claim all the same.
_STANDINGS = (
    select(PublisherStanding)
    .where(PublisherStanding.owner_id.in_(bindparam("owners", expanding=True)))
    .order_by(PublisherStanding.owner_id)
    .with_for_update(read=True)
)
_OWNERS = select(User.id, User.group, User.extra).where(User.id.in_(bindparam("owners", expanding=True)))
_DUE = (
    select(DecisionDelivery.comment_id, func.min(DecisionDelivery.owner_id))
    .where(
        _OF_COMMENTS,
        DecisionDelivery.state == "waiting",
        DecisionDelivery.next_attempt_at <= bindparam("moment", type_=DecisionDelivery.next_attempt_at.type),
    )
    .group_by(DecisionDelivery.comment_id)
)


@dataclass(frozen=True)
class Claimed:
    """A decision that its claimer is to tell, within `LEASE`.

    Attributes:
      token: shows that the claim is still the claimer's.
      data: None where it cannot be read.
      extra: the owner's `users.extra`, as an object.
    """

    delivery_id: int
    comment_id: int
    token: str
    message_id: str
    event: str
    moment: datetime
    data: dict[str, Any] | None
    owner_id: int
    group: str
    extra: dict[str, Any]


def owners_due(session: Session, comment_ids: Iterable[int], moment: datetime) -> dict[int, int]:
    """Of these comments those of which a decision is to be told now, each with its owner. Locks nothing."""
    found = session.execute(_DUE, {"comments": sorted(set(comment_ids)), "moment": moment})
    return {comment_id: owner_id for comment_id, owner_id in found}  # noqa: C416


def claim(session: Session, comment_ids: Iterable[int], moment: datetime) -> dict[int, Claimed]:
    """Take the first decision of each comment that is due, by comment.

    Without those of which there is none now, or another worker is telling one. A decision that failed gives way to a
    newer one.
    """
    by_comment: dict[int, list[DecisionDelivery]] = defaultdict(list)
    for row in session.scalars(_ROWS, {"comments": sorted(set(comment_ids))}):
        by_comment[row.comment_id].append(row)
    due = [
        rows
        for rows in (_not_replaced(rows, moment) for rows in by_comment.values())
        if rows and rows[0].next_attempt_at <= moment  # the end of its claim, where one has it
    ]
    owners = sorted({rows[0].owner_id for rows in due})
    standings = {row.owner_id: row for row in session.scalars(_STANDINGS, {"owners": owners})} if due else {}
    told = [rows[0] for rows in due if _may_be_told(rows, standings.get(rows[0].owner_id), moment)]
    session.flush()
    if not told:
        return {}
    users = {user.id: user for user in session.execute(_OWNERS, {"owners": owners})}
    token = str(uuid4())
    session.execute(
        update(DecisionDelivery)
        .where(DecisionDelivery.id.in_([row.id for row in told]))
        .values(
            state="waiting",
            claim=token,
            next_attempt_at=moment + LEASE,
            give_up_at=func.coalesce(DecisionDelivery.give_up_at, moment + GIVE_UP),
        )
        .execution_options(synchronize_session=False)
    )
    return {row.comment_id: _claimed(row, token, users.get(row.owner_id)) for row in told}


def _may_be_told(
    rows: Sequence[DecisionDelivery], standing: PublisherStanding | None, moment: datetime
) -> bool:
    """Whether the owner hears anything now. If not, that stands with the rows."""
    if standing is not None and standing.disabled_at is not None:
        for row in rows:
            row.state, row.claim = "held", None
        return False
    if standing is not None and standing.paused_until is not None and standing.paused_until > moment:
        for row in rows:
            row.next_attempt_at = max(row.next_attempt_at, standing.paused_until)
        return False
    return True


def _not_replaced(rows: Sequence[DecisionDelivery], moment: datetime) -> list[DecisionDelivery]:
    """The decisions still to be told, in their order; those that a newer one has replaced are superseded."""
    told = max((row.id for row in rows if row.state == "delivered"), default=0)
    for row in rows[:-1]:
        if row.state == "failed":
            _supersede(row, moment)
    left = [row for row in rows if row.state in ("waiting", "held")]
    while left and not _is_claimed(left[0], moment):
        if left[0].id > told and not (left[0].failures and left[1:]):
            break
        _supersede(left.pop(0), moment)
    return left


def _supersede(row: DecisionDelivery, moment: datetime) -> None:
    row.state, row.claim, row.settled_at = "superseded", None, moment


def _is_claimed(row: DecisionDelivery, moment: datetime) -> bool:
    return row.claim is not None and row.next_attempt_at > moment


def _claimed(row: DecisionDelivery, token: str, owner: Any) -> Claimed:
    return Claimed(
        delivery_id=row.id,
        comment_id=row.comment_id,
        token=token,
        message_id=row.message_id,
        event=row.event,
        moment=row.created_at,
        data=None if row.data is None else row.data | {"sequence": row.sequence},
        owner_id=row.owner_id,
        group=owner.group if owner else "",
        extra=fields_of(owner.extra) if owner else {},
    )
