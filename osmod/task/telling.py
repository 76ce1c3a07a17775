"""Telling publishers what was decided on comments. No transaction is open while a publisher is told.

Many comments are told of at the same time, each one decision after the other. What they need of the database they ask
for together: a statement that claims, or notes what came of it, is for all that came while the last one ran.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import NamedTuple, TypeVar

from osmod.batching import Batcher
from osmod.loop import in_common
from osmod.moderation.database import open_session
from osmod.moderation.models import now
from osmod.moderation.publishing import claiming, settling
from osmod.moderation.publishing.claiming import Claimed
from osmod.moderation.publishing.overview import due_of
from osmod.moderation.publishing.settling import Outcome, Settled
from osmod.moderation.work import transact
from osmod.task.attempting import attempt
from osmod.task.engine import get_engine
from osmod.task.places import places
from osmod.task.retries import TRANSIENT

_log = logging.getLogger(__name__)

Clock = Callable[[], datetime]
T = TypeVar("T")
R = TypeVar("R")

#: Seconds. What is left of a claim that took longer may be less than telling takes: another would tell it, too, and
#: what is newer before it.
LATEST = 30.0
#: Comments of which one transaction is.
TOGETHER = 100
#: Seconds after which others no longer wait for a transaction: it may wait for a row that somebody holds.
PATIENCE = 1.0


class _NotTogether(Exception):
    """What several were to do together, each is to try without half of the others."""


class _Comment(NamedTuple):
    """One to be told of. `clock`: that by which it is due."""

    id: int
    clock: Clock


class _Attempt(NamedTuple):
    claimed: Claimed
    outcome: Outcome
    clock: Clock


async def tell(comment_id: int, clock: Clock = now) -> list[int]:
    """Tell what is to be told of a comment now, one decision after the other.

    A publisher that fails is no failure of this: when it is told again is in the delivery's row. Where enough wait to
    be told to the publisher already, nothing is told, and one of those returns this comment when it is done.

    Returns: other comments that can be told now, and were turned away.

    Raises:
      OperationalError, InterfaceError, PoolTimeout: the database is away, or has no connection free. What a publisher
        was told is told again, with the same id, once the claim has run out.
    """
    comment = _Comment(comment_id, clock)
    owner_id = await _find_owner(comment)
    if owner_id is None:
        return []
    async with places.get().at(owner_id) as admitted:
        if not admitted:
            return []
        await _tell_all(comment)
    next_ones = places.get().may_come_again(owner_id)
    if not next_ones:
        return []
    found = await in_common(_due, owner_id, clock(), next_ones)
    if len(found) == next_ones:
        places.get().more_wait(owner_id)
    return found


async def _tell_all(comment: _Comment) -> None:
    more = True
    while more:
        asked = time.monotonic()
        claimed = await _claim(comment)
        began = time.monotonic()
        if claimed is None or began - asked > LATEST:  # a claim runs out by itself
            return
        outcome = await attempt(claimed, began)
        state, more = await _settle(_Attempt(claimed, outcome, comment.clock))
        _say(claimed, outcome, state)


def _due(owner_id: int, moment: datetime, limit: int) -> list[int]:
    with open_session(get_engine()) as session:
        return due_of(session, owner_id, moment, limit)


def _owners(comments: Sequence[_Comment]) -> list[int | None]:
    with open_session(get_engine()) as session:
        found = claiming.owners_due(session, [one.id for one in comments], comments[0].clock())
    return [found.get(one.id) for one in comments]


def _claims(comments: Sequence[_Comment]) -> list[Claimed | None]:
    ids, moment = [one.id for one in comments], comments[0].clock()
    claimed = transact(get_engine(), lambda work: claiming.claim(work.session, ids, moment)).value or {}
    return [claimed.pop(one.id, None) for one in comments]  # of two jobs of a comment one has it


def _settlements(attempts: Sequence[_Attempt]) -> list[Settled]:
    outcomes, moment = [one[:2] for one in attempts], attempts[0].clock()
    return transact(get_engine(), lambda work: settling.settle(work.session, outcomes, moment)).value or []


async def _together(function: Callable[[Sequence[T]], list[R]], items: Sequence[T]) -> list[R]:
    """Call a function of the database; what is wrong with one item is that one's, once it is alone."""
    try:
        return await in_common(function, items)
    except TRANSIENT:  # no one item's fault, and half of them would wait as long again
        raise
    except Exception as error:
        if len(items) == 1:
            raise
        raise _NotTogether from error


_find_owner: Batcher[_Comment, int | None] = Batcher(
    partial(_together, _owners), most=TOGETHER, divisible=_NotTogether
)
_claim: Batcher[_Comment, Claimed | None] = Batcher(
    partial(_together, _claims), most=TOGETHER, divisible=_NotTogether, patience=PATIENCE
)
_settle: Batcher[_Attempt, Settled] = Batcher(
    partial(_together, _settlements), most=TOGETHER, divisible=_NotTogether, patience=PATIENCE
)


def _say(claimed: Claimed, outcome: Outcome, state: str | None) -> None:
    """Log what an operator can do something about; the rest is in the attempts."""
    which = f"delivery {claimed.delivery_id} to publisher {claimed.owner_id}"
    if outcome.gone:
        _log.error(
            "publisher %d is disabled: %s; `osmod publishers enable %d` once it wants news again",
            claimed.owner_id,
            outcome.error,
            claimed.owner_id,
        )
    elif state == "failed":
        _log.error(
            "%s is given up: %s; `osmod publishers replay %d` tells it again",
            which,
            outcome.error,
            claimed.delivery_id,
        )
    elif outcome.error:
        _log.info("%s is tried again later: %s", which, outcome.error)
