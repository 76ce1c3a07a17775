"""What operators do about publishers: disable and enable one, have decisions told again, or at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, Update, func, select, update
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


def hasten(session: Session, owner_id: int | None, moment: datetime) -> int:
    """Have all that waits be due now, of one publisher or of each that is told: no pause or rest is kept any longer.

    What a worker is telling now is left to it. Returns how many decisions are due.
    """
    disabled = select(PublisherStanding.owner_id).where(PublisherStanding.disabled_at.is_not(None))
    of_owner = () if owner_id is None else (DecisionDelivery.owner_id == owner_id,)
    waiting = (DecisionDelivery.state == "waiting", DecisionDelivery.owner_id.not_in(disabled), *of_owner)
    untold = (DecisionDelivery.claim.is_(None), DecisionDelivery.next_attempt_at > moment)
    later = session.scalars(select(DecisionDelivery.id).where(*waiting, *untold)).all()
    for ids in _in_turn(later):
        _set(
            session,
            update(DecisionDelivery).where(DecisionDelivery.id.in_(ids), *untold),
            next_attempt_at=moment,
        )
    resting = () if owner_id is None else (PublisherStanding.owner_id == owner_id,)
    rests = update(PublisherStanding).where(PublisherStanding.paused_until.is_not(None), *resting)
    _set(session, rests, paused_until=None, failures=0)
    is_due = DecisionDelivery.next_attempt_at <= moment
    return session.scalar(select(func.count()).select_from(DecisionDelivery).where(*waiting, is_due)) or 0


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
    anew = {"state": "waiting", "failures": 0, "give_up_at": None, "claim": None, "settled_at": None}
    for some in _in_turn(ids):
        chosen = update(DecisionDelivery).where(DecisionDelivery.id.in_(some))
        _set(session, chosen, next_attempt_at=moment, **anew)


def _in_turn(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    return (ids[first : first + AT_ONCE] for first in range(0, len(ids), AT_ONCE))


def _set(session: Session, chosen: Update, **values: Any) -> None:
    session.execute(chosen.values(**values).execution_options(synchronize_session=False))
