"""What operators do about publishers: disable and enable one, have decisions told again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select, update
from sqlalchemy.orm import Session, aliased

from osmod.moderation.models import DecisionDelivery, DeliveryState, PublisherStanding
from osmod.moderation.publishing.settling import locked_standing

#: A statement takes so many values on every database.
AT_ONCE = 5_000


def disable(session: Session, owner_id: int, reason: str, moment: datetime) -> bool:
    """Tell a publisher nothing from now on; its news is kept. False: it was disabled before."""
    standing = locked_standing(session, owner_id)
    if standing.disabled_at is not None:
        return False
    standing.disabled_at, standing.reason = moment, reason
    session.flush()
    return True


def enable(session: Session, owner_id: int, moment: datetime) -> int | None:
    """Tell a publisher again, what was held first. Returns how many decisions that is; None: it was not disabled."""
    standing = session.get(PublisherStanding, owner_id, with_for_update=True)
    if standing is None or standing.disabled_at is None:
        return None
    standing.disabled_at = standing.paused_until = None
    standing.reason, standing.failures = "", 0
    session.flush()
    held = session.scalars(
        select(DecisionDelivery.id).where(
            DecisionDelivery.owner_id == owner_id, DecisionDelivery.state == "held"
        )
    ).all()
    _begin_anew(session, held, moment)
    return len(held)


@dataclass(frozen=True)
class Replay:
    """Which decisions to tell again. Of a comment only the newest can be: none is told after a newer one.

    Attributes:
      ids: of deliveries that failed or were delivered; empty: all that fit the rest.
      states: `failed`, `delivered` or both.
      since: decided from then on.
    """

    ids: tuple[int, ...] = ()
    owner_id: int | None = None
    states: tuple[DeliveryState, ...] = ("failed",)
    since: datetime | None = None


def replayable(session: Session, wanted: Replay) -> int:
    """How many deliveries can be told again."""
    return session.scalar(_replayable(wanted, func.count())) or 0


def replay(session: Session, wanted: Replay, moment: datetime) -> int:
    """Have decisions told again, with the ids that they had. Returns how many."""
    found: Sequence[int] = session.scalars(_replayable(wanted, DecisionDelivery.id)).all()
    _begin_anew(session, found, moment)
    return len(found)


def _replayable(wanted: Replay, selected: Any) -> Select[Any]:
    newer = aliased(DecisionDelivery)
    is_newest = (
        ~select(newer.id)
        .where(newer.comment_id == DecisionDelivery.comment_id, newer.id > DecisionDelivery.id)
        .exists()
    )
    found = select(selected).select_from(DecisionDelivery).where(is_newest)
    if wanted.ids:
        return found.where(
            DecisionDelivery.id.in_(wanted.ids), DecisionDelivery.state.in_(("failed", "delivered"))
        )
    found = found.where(DecisionDelivery.state.in_(wanted.states))
    if wanted.owner_id is not None:
        found = found.where(DecisionDelivery.owner_id == wanted.owner_id)
    return found if wanted.since is None else found.where(DecisionDelivery.created_at >= wanted.since)


def _begin_anew(session: Session, ids: Sequence[int], moment: datetime) -> None:
    """Have deliveries wait as if they had just been decided."""
    for first in range(0, len(ids), AT_ONCE):
        session.execute(
            update(DecisionDelivery)
            .where(DecisionDelivery.id.in_(ids[first : first + AT_ONCE]))
            .values(
                state="waiting",
                failures=0,
                give_up_at=None,
                claim=None,
                next_attempt_at=moment,
                settled_at=None,
            )
            .execution_options(synchronize_session=False)
        )
