"""What is to be told now, how it stands with what is told, and what is old enough to be forgotten."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, delete, func, select
from sqlalchemy.orm import Session

from osmod.extra import fields_of
from osmod.moderation.models import DecisionDelivery, DeliveryAttempt, DeliveryState, PublisherStanding, User
from osmod.publishers.registry import is_registered

#: Settled deliveries stay so long, with their attempts.
KEPT = timedelta(days=30)
#: Those that a publisher has not got since it was disabled stay so long.
HELD = timedelta(days=90)
#: The states of deliveries that their publishers have not got; few, however many they have got.
UNTOLD: tuple[DeliveryState, ...] = ("waiting", "held", "failed")


@dataclass(frozen=True)
class Standing:
    """How it stands with one publisher.

    Attributes:
      oldest: when the oldest decision was made that it still is to be told, disabled or not.
      delivered_at: when it last took one.
      disabled_at, reason: since when it is told nothing, and why.
    """

    owner_id: int
    name: str
    group: str
    extra: dict[str, object]
    sizes: dict[DeliveryState, int]
    oldest: datetime | None
    delivered_at: datetime | None
    disabled_at: datetime | None
    reason: str
    failures: int
    paused_until: datetime | None


def due(session: Session, moment: datetime, each: int) -> list[int]:
    """Comments of which a decision is to be told now and no worker is known to do it, `each` publisher's oldest."""
    is_due = DecisionDelivery.state == "waiting", DecisionDelivery.next_attempt_at <= moment
    owners = session.scalars(select(DecisionDelivery.owner_id).where(*is_due).distinct()).all()
    return [comment_id for owner in sorted(owners) for comment_id in due_of(session, owner, moment, each)]


def due_of(session: Session, owner_id: int, moment: datetime, limit: int) -> list[int]:
    """The same of one publisher; none while it is at rest."""
    standing = session.get(PublisherStanding, owner_id)
    if standing is not None and standing.paused_until is not None and standing.paused_until > moment:
        return []
    found = session.scalars(
        select(DecisionDelivery.comment_id)
        # `settled_at` is for the index: its entries are in the order of the ids then. `coalesce` keeps SQLite from the
        # index of moments, by which it would sort all that waits for the first few.
        .where(
            DecisionDelivery.owner_id == owner_id,
            DecisionDelivery.state == "waiting",
            DecisionDelivery.settled_at.is_(None),
            func.coalesce(DecisionDelivery.next_attempt_at, moment) <= moment,
        )
        .order_by(DecisionDelivery.id)
        .limit(limit)
    )
    return list(dict.fromkeys(found))


def publishers(session: Session, *, last: bool = True) -> Iterator[Standing]:
    """Every user that is a publisher, or still has news to get, by id.

    Parameters:
      last: whether to find when each took a decision last, which looks at every one that was delivered.
    """
    figures: dict[int, dict[DeliveryState, tuple[int, datetime]]] = {}
    rows = session.execute(
        select(
            DecisionDelivery.owner_id,
            DecisionDelivery.state,
            func.count(),
            func.min(DecisionDelivery.created_at),
        )
        .where(DecisionDelivery.state.in_(UNTOLD))
        .group_by(DecisionDelivery.owner_id, DecisionDelivery.state)
    )
    for owner_id, state, count, oldest in rows:
        figures.setdefault(owner_id, {})[state] = (count, oldest)
    told = select(DecisionDelivery.owner_id, func.max(DecisionDelivery.settled_at)).where(
        DecisionDelivery.state == "delivered"
    )
    told = told.group_by(DecisionDelivery.owner_id)
    took = {owner_id: moment for owner_id, moment in session.execute(told)} if last else {}  # noqa: C416
    standings = {row.owner_id: row for row in session.scalars(select(PublisherStanding))}
    users = {user.id: user for user in session.scalars(select(User)) if _is_publisher(user)}
    for owner_id in sorted({*figures, *took, *standings, *users}):
        yield _standing(
            owner_id,
            users.get(owner_id) or session.get(User, owner_id),
            standings.get(owner_id),
            figures.get(owner_id, {}),
            took.get(owner_id),
        )


def _is_publisher(user: User) -> bool:
    return fields_of(user.extra).get("webhook") is not None or is_registered(user.group)


def _standing(
    owner_id: int,
    user: User | None,
    row: PublisherStanding | None,
    figures: dict[DeliveryState, tuple[int, datetime]],
    delivered_at: datetime | None,
) -> Standing:
    open_since = [figures[state][1] for state in ("waiting", "held") if state in figures]
    return Standing(
        owner_id=owner_id,
        name=user.name if user else "",
        group=user.group if user else "",
        extra=fields_of(user.extra) if user else {},
        sizes={state: count for state, (count, _) in figures.items()},
        oldest=min(open_since, default=None),
        delivered_at=delivered_at,
        disabled_at=row.disabled_at if row else None,
        reason=row.reason if row else "",
        failures=row.failures if row else 0,
        paused_until=row.paused_until if row else None,
    )


def deliveries(
    session: Session,
    *,
    owner_id: int | None = None,
    comment_id: int | None = None,
    state: DeliveryState | None = None,
    limit: int = 50,
) -> Sequence[DecisionDelivery]:
    """The last deliveries that fit, newest first."""
    found = select(DecisionDelivery).order_by(DecisionDelivery.id.desc()).limit(limit)
    if owner_id is not None:
        found = found.where(DecisionDelivery.owner_id == owner_id)
    if comment_id is not None:
        found = found.where(DecisionDelivery.comment_id == comment_id)
    if state is not None:
        found = found.where(DecisionDelivery.state == state)
    return session.scalars(found).all()


def attempts_of(session: Session, delivery_id: int) -> Sequence[DeliveryAttempt]:
    """Every attempt to deliver one, oldest first."""
    return session.scalars(
        select(DeliveryAttempt).where(DeliveryAttempt.delivery_id == delivery_id).order_by(DeliveryAttempt.id)
    ).all()


def attempts_of_each(session: Session, delivery_ids: Sequence[int]) -> dict[int, Sequence[DeliveryAttempt]]:
    """Every attempt to deliver several, by delivery, oldest first; of what was not attempted, nothing."""
    found: dict[int, list[DeliveryAttempt]] = {}
    rows = select(DeliveryAttempt).where(DeliveryAttempt.delivery_id.in_(delivery_ids))
    for one in session.scalars(rows.order_by(DeliveryAttempt.id)):
        found.setdefault(one.delivery_id, []).append(one)
    return dict(found)


def sizes(session: Session) -> dict[DeliveryState, int]:
    """How many deliveries there are in each state but those that need nobody any more."""
    rows = session.execute(
        select(DecisionDelivery.state, func.count())
        .where(DecisionDelivery.state.in_(UNTOLD))
        .group_by(DecisionDelivery.state)
    )
    return {state: count for state, count in rows.all()}  # noqa: C416


def lag(session: Session, moment: datetime) -> timedelta:
    """For how long the oldest decision waits that a publisher is to be told; none: no time."""
    oldest = session.scalar(
        select(func.min(DecisionDelivery.created_at)).where(DecisionDelivery.state == "waiting")
    )
    return max(timedelta(), moment - oldest) if oldest is not None else timedelta()


def prune(session: Session, moment: datetime, limit: int) -> int:
    """Delete at most `limit` deliveries that were settled long ago, oldest first; return how many."""
    return _delete(
        session,
        select(DecisionDelivery.id)
        .where(DecisionDelivery.settled_at < moment - KEPT)
        .order_by(DecisionDelivery.settled_at)
        .limit(limit),
    )


def prune_held(session: Session, moment: datetime, limit: int) -> int:
    """The same of decisions that have long been held for publishers that have been disabled for as long."""
    long_ago = moment - HELD
    gone = select(PublisherStanding.owner_id).where(PublisherStanding.disabled_at < long_ago)
    held = (
        DecisionDelivery.owner_id.in_(session.scalars(gone).all()),
        DecisionDelivery.state == "held",
        DecisionDelivery.created_at < long_ago,
    )
    return _delete(session, select(DecisionDelivery.id).where(*held).limit(limit))


def _delete(session: Session, chosen: Select[Any]) -> int:
    ids = session.scalars(chosen.with_for_update()).all()  # so that none is told again meanwhile
    for model, column in (
        (DeliveryAttempt, DeliveryAttempt.delivery_id),
        (DecisionDelivery, DecisionDelivery.id),
    ):
        session.execute(delete(model).where(column.in_(ids)).execution_options(synchronize_session=False))
    return len(ids)
