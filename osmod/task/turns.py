"""Whose turn it is to ask a scorer, over all processes: its limits, its pauses, and its breaker."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from hashlib import blake2b
from typing import Any

import dramatiq

from osmod.jobs.broker import JobBroker
from osmod.jobs.errors import PutOff
from osmod.jobs.gate import Breaker, Gate, GateLimits, Outcome
from osmod.scorers import BadAnswer, KeyRefused, Limits, ScorerAway, Throttled, Unscorable
from osmod.task.scorer_gates import gate_name

#: Seconds for which a scorer is left alone that wants to be asked less, and does not say when again.
PAUSE = 30.0
#: And at least, whatever it says: `Retry-After: 0`, or a moment that is over by our clock, would be no pause at all.
SHORTEST = 1.0


class Turn:
    """A scorer's gate, or none where there is no queue.

    Parameters:
      config: the scorer's `users.extra`: a gate that was shut for a refused key is open for another.
    """

    def __init__(self, scorer_id: int, config: Any, limits: Limits) -> None:
        broker = dramatiq.get_broker()
        self._gate = None
        if isinstance(broker, JobBroker):
            self._gate = gate_of(broker, scorer_id, json.dumps(config), limits)

    @contextmanager
    def taken(self, ticket: str) -> Iterator[None]:
        """For the length of the block it is this ticket's turn; the gate learns how the block ended.

        Raises:
          PutOff: it is not, or the scorer wants to be left alone for a time.
        """
        if self._gate is None:
            yield
            return
        self._gate.enter(ticket)
        outcome = Outcome.unrelated()
        try:
            yield
            outcome = Outcome.ok()
        except Unscorable:
            outcome = Outcome.ok()
            raise
        except Throttled as error:
            seconds = PAUSE if error.retry_after is None else max(SHORTEST, error.retry_after)
            outcome = Outcome.paused(seconds)
            raise PutOff(seconds, str(error)) from error
        except KeyRefused as error:
            outcome = Outcome.refused(str(error))
            raise PutOff(1.0, str(error)) from error  # then the gate says for how long
        except (ScorerAway, BadAnswer) as error:
            outcome = Outcome.away(str(error))
            raise
        finally:
            self._gate.leave(ticket, outcome)

    def comes(self) -> bool:
        """Whether those who wait do so only because there are many of them: the scorer itself answers."""
        state = self._gate.state() if self._gate is not None else None
        return state is not None and state.breaker is Breaker.CLOSED and state.paused_until is None


@lru_cache(maxsize=64)
def gate_of(broker: JobBroker, scorer_id: int, config: str, limits: Limits) -> Gate:
    """The gate of a scorer with this config (as JSON)."""
    version = blake2b(config.encode(), digest_size=8).hexdigest()
    counted = GateLimits(limits.per_second, limits.per_minute, limits.concurrency)
    return Gate(broker, gate_name(scorer_id), counted, version=version)
