"""Whose turn it is to ask a scorer, over all processes: its limits, its pauses, and its breaker."""

from __future__ import annotations

import json
from asyncio import create_task
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import blake2b
from math import inf
from time import monotonic
from typing import Any

import dramatiq
import redis

from osmod.batching import Batcher
from osmod.jobs.broker import JobBroker
from osmod.jobs.errors import PutOff
from osmod.jobs.gate import Breaker, Gate, GateLimits, GateState, NotYet, Outcome
from osmod.loop import in_common
from osmod.moderation.models import now
from osmod.scorers import BadAnswer, KeyRefused, Limits, ScorerAway, Throttled, Unscorable
from osmod.task.scorer_gates import gate_name

#: Seconds for which a scorer is left alone that wants to be asked less, and does not say when again.
PAUSE = 30.0
#: And at least, whatever it says: `Retry-After: 0`, or a moment that is over by our clock, would be no pause at all.
SHORTEST = 1.0
#: Seconds for which a scorer has to have answered nobody before those are given up that come to it past their deadline:
#: after a night without workers all do, and its first hiccup is not to send them all to people.
GRACE = 300.0
#: Turns taken, or over, in one call: a script holds up everyone else. Under a limit a second they are few, as those who
#: are let in one call depart one after another.
TOGETHER, TOGETHER_IN_TIME = 100, 20
#: Seconds after which a request that was let departs late: a gate prolongs a second by 50 ms.
LATE = 0.02


@dataclass(frozen=True)
class Silence:
    """That a scorer answers nobody.

    Attributes:
      remains: seconds for which whoever comes late is to wait for it all the same; infinite while it answers.
      failed: what became of the last that asked it; empty: not known.
      since: when it began; None: not known.
    """

    remains: float
    failed: str = ""
    since: datetime | None = None

    def reason(self, failed: str) -> str:
        """Why the scorer is given up, for people: what became of asking it, and since when it has been so."""
        return (
            f"{failed}; it has given no scores since {self.since:%Y-%m-%d %H:%M} UTC"
            if self.since
            else failed
        )


class Turn:
    """A scorer's gate, or none where there is no queue.

    Parameters:
      config: the scorer's `users.extra`: a gate that was shut for a refused key is open for another.
    """

    def __init__(self, scorer_id: int, config: Any, limits: Limits) -> None:
        broker = dramatiq.get_broker()
        self._gate = None
        self._is_timed = limits.per_second is not None
        if isinstance(broker, JobBroker):
            self._gate = gate_of(broker, scorer_id, json.dumps(config), limits)

    @asynccontextmanager
    async def taken(self, ticket: str) -> AsyncIterator[list[str]]:
        """For the length of the block it is this ticket's turn, and of those that it is given: one request is for all.

        The gate learns how the block ended. Of tickets at the same time it is asked, and told, in one step.

        Raises:
          PutOff: it is not, or the scorer wants to be left alone for a time.
        """
        if self._gate is None:
            yield []
            return
        door = _door(self._gate, TOGETHER_IN_TIME if self._is_timed else TOGETHER)
        asked_at, along = await door.enter(ticket)
        if isinstance(along, NotYet):
            raise along
        outcome = Outcome.unrelated()
        is_late = self._is_timed and monotonic() - asked_at > LATE
        telling = create_task(door.depart_late(ticket)) if is_late else None
        try:
            yield along
            outcome = Outcome.ok()
        except Unscorable:
            outcome = Outcome.ok()
            raise
        except Throttled as error:
            seconds = PAUSE if error.retry_after is None else max(SHORTEST, error.retry_after)
            outcome = Outcome.paused(seconds, str(error))
            raise PutOff(seconds, str(error)) from error
        except KeyRefused as error:
            outcome = Outcome.refused(str(error))
            raise PutOff(1.0, str(error)) from error  # then the gate says for how long
        except (ScorerAway, BadAnswer) as error:
            outcome = Outcome.away(str(error))
            raise
        finally:
            if telling is not None:
                await telling
            await door.leave((ticket, outcome, along))

    def state(self) -> GateState | None:
        """What is known of the scorer; None where there is no queue.

        Raises:
          ServerError, redis.RedisError, OSError: Redis is away.
        """
        return self._gate.state() if self._gate is not None else None

    def silence(self) -> Silence:
        """How long the scorer has answered nobody, as far as that is known."""
        try:
            state = self.state()
        except (redis.RedisError, OSError):
            return Silence(inf)
        if state is None:
            return Silence(0.0)
        failing_for = state.failing_for or 0.0
        answers = state.breaker is Breaker.CLOSED and state.paused_until is None
        since = now() - timedelta(seconds=failing_for) if failing_for else None
        return Silence(inf if answers else GRACE - failing_for, state.failed, since)


class _Door:
    """A gate, for many at the same time, `most` of them in one call."""

    def __init__(self, gate: Gate, most: int) -> None:
        self._gate = gate
        #: Gives the moment before it was asked, too, by `monotonic`.
        self.enter: Batcher[str, tuple[float, list[str] | NotYet]] = Batcher(self._enter, most=most)
        self.depart_late: Batcher[str, None] = Batcher(self._depart_late, most=most)
        self.leave: Batcher[tuple[str, Outcome, Sequence[str]], None] = Batcher(self._leave, most=most)

    async def _enter(self, tickets: Sequence[str]) -> list[tuple[float, list[str] | NotYet]]:
        return await in_common(self._enter_now, tickets)

    def _enter_now(self, tickets: Sequence[str]) -> list[tuple[float, list[str] | NotYet]]:
        asked_at = monotonic()
        return [(asked_at, answer) for answer in self._gate.enter_all(tickets)]

    async def _depart_late(self, tickets: Sequence[str]) -> list[None]:
        await in_common(self._gate.depart_late, len(tickets))
        return [None] * len(tickets)

    async def _leave(self, requests: Sequence[tuple[str, Outcome, Sequence[str]]]) -> list[None]:
        await in_common(self._gate.leave_all, requests)
        return [None] * len(requests)


@lru_cache(maxsize=64)
def _door(gate: Gate, most: int) -> _Door:
    return _Door(gate, most)


@lru_cache(maxsize=64)
def gate_of(broker: JobBroker, scorer_id: int, config: str, limits: Limits) -> Gate:
    """The gate of a scorer with this config (as JSON)."""
    version = blake2b(config.encode(), digest_size=8).hexdigest()
    counted = GateLimits(limits.per_second, limits.per_minute, limits.concurrency, limits.batch)
    return Gate(broker, gate_name(scorer_id), counted, version=version)
