"""Which decision on a comment is to be told next, and by whom: one worker at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from osmod.extra import fields_of
from osmod.moderation.models import DecisionDelivery, PublisherStanding, User

#: How long a worker may take to tell a publisher and note what came of it. After that it has died.
LEASE = timedelta(seconds=90)
#: From the first attempt on.
GIVE_UP = timedelta(days=3)

#: Locked row by row in their order: whoever else wants one of them waits at the first.
_ROWS = (
    select(DecisionDelivery)
    .where(
        DecisionDelivery.comment_id == bindparam("comment"),
        DecisionDelivery.state.in_(("waiting", "held", "delivered", "failed")),
    )
    .order_by(DecisionDelivery.id)
    .with_for_update()
)


@dataclass(frozen=True)
class Claimed:
    """A decision that its claimer is to tell, within `LEASE`.

    Attributes:
      token: shows that the claim is still the claimer's.
      extra: the owner's `users.extra`, as an object.
    """

    delivery_id: int
    token: str
    message_id: str
    event: str
    moment: datetime
    data: dict[str, Any]
    owner_id: int
    group: str
    extra: dict[str, Any]


def claim(
    session: Session, comment_id: int, moment: datetime, admits: Callable[[int], bool] = lambda _owner: True
) -> Claimed | None:
    """Take the first decision on a comment that is due. None: there is none now, or another worker is telling one.

    A decision that failed gives way to a newer one.

    Parameters:
      admits: whether there is a place to tell the owner now; if not, the decision stays due.
    """
    rows = _not_replaced(session.scalars(_ROWS, {"comment": comment_id}).all(), moment)
    if not rows or rows[0].next_attempt_at > moment:  # the end of its claim, where one has it
        return None
    first = rows[0]
    standing = session.get(PublisherStanding, first.owner_id, with_for_update={"read": True})
    if standing is not None and standing.disabled_at is not None:
        for row in rows:
            row.state, row.claim = "held", None
        return None
    if standing is not None and standing.paused_until is not None and standing.paused_until > moment:
        for row in rows:
            row.next_attempt_at = max(row.next_attempt_at, standing.paused_until)
        return None
    if not admits(first.owner_id):
        return None
    first.state = "waiting"
    first.claim = str(uuid4())
    first.next_attempt_at = moment + LEASE
    first.give_up_at = first.give_up_at or moment + GIVE_UP
    return _claimed(first, session.get(User, first.owner_id))


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


def _claimed(row: DecisionDelivery, owner: User | None) -> Claimed:
    assert row.claim is not None
    return Claimed(
        delivery_id=row.id,
        token=row.claim,
        message_id=row.message_id,
        event=row.event,
        moment=row.created_at,
        data=row.data | {"sequence": row.sequence},
        owner_id=row.owner_id,
        group=owner.group if owner else "",
        extra=fields_of(owner.extra) if owner else {},
    )
