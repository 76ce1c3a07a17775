"""What came of telling a publisher: noted with the attempt, and what follows from it for the next."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from osmod.moderation.database import insert_missing
from osmod.moderation.models import (
    Comment,
    Decision,
    DecisionDelivery,
    DeliveryAttempt,
    DeliveryState,
    PublisherStanding,
)
from osmod.moderation.publishing.claiming import Claimed

_MINUTE, _HOUR = 60.0, 3600.0
#: Seconds after the first failure, the second, …; the last again and again, for three days in all.
PAUSES = (30.0, 2 * _MINUTE, 10 * _MINUTE, 30 * _MINUTE, _HOUR, 2 * _HOUR, 4 * _HOUR, 8 * _HOUR)
#: Each pause is longer by a random share up to this, so that what failed together does not come back together.
JITTER = 0.4
#: After so many failures in a row a publisher is left alone for a while: seconds at first, twice that each time, at
#: most. Then one decision or a few try whether it is back.
PATIENCE, FIRST_REST, LONGEST_REST = 3, 10.0, 300.0
#: Characters.
ANSWER_KEPT = 1_000


@dataclass(frozen=True)
class Outcome:
    """What came of an attempt.

    Attributes:
      status: of the HTTP answer; None: there was none.
      error: what went wrong, in a sentence; None: the publisher has taken it.
      answer: the beginning of what it answered.
      retry_after: seconds for which the publisher wants to be left alone.
      away: whether it takes nothing from anybody now, as opposed to not this.
      gone: whether it wants to be told nothing any more.
    """

    milliseconds: int
    status: int | None = None
    error: str | None = None
    answer: str = ""
    retry_after: float | None = None
    away: bool = False
    gone: bool = False


def settle(session: Session, claimed: Claimed, outcome: Outcome, moment: datetime) -> DeliveryState | None:
    """Note an attempt; return the state of its delivery. None: the claim had run out and somebody else has it."""
    session.add(
        DeliveryAttempt(
            delivery_id=claimed.delivery_id,
            at=moment,
            milliseconds=outcome.milliseconds,
            status=outcome.status,
            error=outcome.error,
            answer=outcome.answer[:ANSWER_KEPT],
        )
    )
    row = session.get(DecisionDelivery, claimed.delivery_id, with_for_update=True)
    if row is None or row.claim != claimed.token:
        # To go on to a newer decision now could have whoever has the claim tell this one after it.
        session.flush()
        return None
    row.claim = None
    if outcome.error is None:
        _acknowledge(session, row, moment)
    else:
        _put_off(row, outcome, moment)
    session.flush()
    _judge_publisher(session, row.owner_id, outcome, moment)
    session.flush()
    return row.state


def _acknowledge(session: Session, row: DecisionDelivery, moment: datetime) -> None:
    row.state, row.settled_at = "delivered", moment
    for model, key in ((Comment, row.comment_id), (Decision, row.decision_id)):
        session.execute(
            update(model)
            .where(model.id == key)
            .values(sent_back_to_publisher=moment)
            .execution_options(synchronize_session=False)
        )


def _put_off(row: DecisionDelivery, outcome: Outcome, moment: datetime) -> None:
    row.failures += 1
    if outcome.gone:  # it waits for the publisher to be enabled
        row.state = "held"
        return
    assert row.give_up_at is not None
    if moment >= row.give_up_at:
        row.state, row.settled_at = "failed", moment
        return
    pause = max(outcome.retry_after or 0.0, PAUSES[min(row.failures, len(PAUSES)) - 1])
    row.next_attempt_at = min(moment + _jittered(pause), row.give_up_at)


def _judge_publisher(session: Session, owner_id: int, outcome: Outcome, moment: datetime) -> None:
    """Disable a publisher that is gone, leave one alone that is away, and forgive one that answers."""
    if outcome.error is None:
        standing = session.get(PublisherStanding, owner_id)
        if standing is not None and standing.failures:
            standing.failures = 0
            if standing.paused_until is not None and standing.paused_until <= moment:
                standing.paused_until = None  # otherwise it was asked for, or begun, while this was under way
    elif outcome.gone:
        standing = locked_standing(session, owner_id)
        standing.disabled_at = standing.disabled_at or moment
        standing.reason = outcome.error
    elif outcome.away:
        standing = locked_standing(session, owner_id)
        standing.failures += 1
        over = standing.failures - PATIENCE
        rest = min(FIRST_REST * 2 ** min(over, 10), LONGEST_REST) if over >= 0 else 0.0
        if pause := max(rest, outcome.retry_after or 0.0):
            end = _whole(moment + timedelta(seconds=pause))
            standing.paused_until = max(end, standing.paused_until or end)


def locked_standing(session: Session, owner_id: int) -> PublisherStanding:
    """The publisher's row, made if there is none, locked until the commit."""
    insert_missing(session, PublisherStanding, [{"owner_id": owner_id, "reason": "", "failures": 0}])
    found = select(PublisherStanding).where(PublisherStanding.owner_id == owner_id).with_for_update()
    return session.scalars(found.execution_options(populate_existing=True)).one()


def _whole(moment: datetime) -> datetime:
    """The next full second, as the database keeps no parts of one."""
    return moment + timedelta(microseconds=-moment.microsecond % 1_000_000)


def _jittered(seconds: float) -> timedelta:
    return timedelta(seconds=seconds * random.uniform(1, 1 + JITTER))
