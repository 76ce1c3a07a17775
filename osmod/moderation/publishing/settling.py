"""What came of telling a publisher: noted with the attempt, and what follows from it for the next."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple, cast

from sqlalchemy import Table, bindparam, insert, select, update
from sqlalchemy.orm import Session

from osmod.moderation.database import insert_missing
from osmod.moderation.models import (
    Comment,
    Decision,
    DecisionDelivery,
    DeliveryAttempt,
    DeliveryState,
    PublisherStanding,
    now,
)
from osmod.moderation.publishing.claiming import Claimed, in_turn
from osmod.moderation.updating import update_rows

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

_comments, _decisions = cast("Table", Comment.__table__), cast("Table", Decision.__table__)
_WAITING = in_turn(
    select(DecisionDelivery).where(
        DecisionDelivery.comment_id.in_(bindparam("comments", expanding=True)),
        DecisionDelivery.state.in_(("waiting", "held")),
    )
)


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
      hopeless: whether no other attempt can do better.
    """

    milliseconds: int
    status: int | None = None
    error: str | None = None
    answer: str = ""
    retry_after: float | None = None
    away: bool = False
    gone: bool = False
    hopeless: bool = False


class Settled(NamedTuple):
    """What follows from an attempt.

    Attributes:
      state: of its delivery; None: the claim had run out and somebody else has it.
      more: whether there are other decisions on the comment to be told.
    """

    state: DeliveryState | None
    more: bool = False


def settle(session: Session, attempts: Sequence[tuple[Claimed, Outcome]], moment: datetime) -> list[Settled]:
    """Note attempts; return what follows from each."""
    comments = sorted({claimed.comment_id for claimed, _ in attempts})
    waiting: dict[int, dict[int, DecisionDelivery]] = {comment: {} for comment in comments}
    for row in session.scalars(_WAITING, {"comments": comments}):
        waiting[row.comment_id][row.id] = row
    session.execute(insert(DeliveryAttempt), [_attempt(*one, moment) for one in attempts])
    told: list[DecisionDelivery] = []
    failed: list[tuple[DecisionDelivery, Outcome]] = []
    settled: list[Settled] = []
    for claimed, outcome in attempts:
        row = waiting[claimed.comment_id].get(claimed.delivery_id)
        if row is None or row.claim != claimed.token:
            # To go on to a newer decision now could have whoever has the claim tell this one after it.
            settled.append(Settled(None))
            continue
        more = len(waiting[claimed.comment_id]) > 1
        if outcome.error is None:
            told.append(row)
            settled.append(Settled("delivered", more))
        else:
            failed.append((row, outcome))
            _put_off(row, outcome, moment)
            settled.append(Settled(row.state, more))
    session.flush()
    if told:
        _acknowledge(session, told, moment)
    answered = {row.owner_id for row in told}
    by_owner: dict[int, list[Outcome]] = defaultdict(list)
    for row, outcome in failed:
        by_owner[row.owner_id].append(outcome)
    for owner_id in sorted(answered | by_owner.keys()):
        if owner_id in answered:
            _forgive(session, owner_id, moment)
        for outcome in by_owner[owner_id]:
            _judge(session, owner_id, outcome, moment)
    session.flush()
    return settled


def _attempt(claimed: Claimed, outcome: Outcome, moment: datetime) -> dict[str, Any]:
    return {
        "delivery_id": claimed.delivery_id,
        "at": moment,
        "milliseconds": outcome.milliseconds,
        "status": outcome.status,
        "error": outcome.error,
        "answer": outcome.answer[:ANSWER_KEPT],
    }


def _acknowledge(session: Session, rows: Sequence[DecisionDelivery], moment: datetime) -> None:
    session.execute(
        update(DecisionDelivery)
        .where(DecisionDelivery.id.in_([row.id for row in rows]))
        .values(state="delivered", settled_at=moment, claim=None)
        .execution_options(synchronize_session=False)
    )
    told_of = (_comments, [row.comment_id for row in rows]), (_decisions, [row.decision_id for row in rows])
    for table, ids in told_of:
        columns = table.c.sentBackToPublisher, table.c.updatedAt
        values = [(one, moment, now()) for one in sorted(ids)]
        update_rows(session.connection(), table.c.id, columns, values)


def _put_off(row: DecisionDelivery, outcome: Outcome, moment: datetime) -> None:
    row.claim = None
    row.failures += 1
    if outcome.gone:  # it waits for the publisher to be enabled
        row.state = "held"
        return
    assert row.give_up_at is not None
    if outcome.hopeless or moment >= row.give_up_at:
        row.state, row.settled_at = "failed", moment
        return
    pause = max(outcome.retry_after or 0.0, PAUSES[min(row.failures, len(PAUSES)) - 1])
    row.next_attempt_at = min(moment + _jittered(pause), row.give_up_at)


def _forgive(session: Session, owner_id: int, moment: datetime) -> None:
    """A publisher that answers is not left alone any more."""
    standing = session.get(PublisherStanding, owner_id)
    if standing is not None and standing.failures:
        standing.failures = 0
        if standing.disabled_at is None:
            standing.reason = ""
        if standing.paused_until is not None and standing.paused_until <= moment:
            standing.paused_until = None  # otherwise it was asked for, or begun, while this was under way


def _judge(session: Session, owner_id: int, outcome: Outcome, moment: datetime) -> None:
    """Disable a publisher that is gone, leave one alone that is away."""
    if outcome.gone:
        standing = locked_standing(session, owner_id)
        standing.disabled_at = standing.disabled_at or moment
        standing.reason = outcome.error or ""
    elif outcome.away:
        standing = locked_standing(session, owner_id)
        # What else was under way as it went away is no failure more: a hiccup would have it rest for minutes.
        if standing.paused_until is None or standing.paused_until <= moment:
            standing.failures += 1
            if standing.disabled_at is None:
                standing.reason = outcome.error or ""
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
