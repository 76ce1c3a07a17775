"""The way to an outside service that all processes share."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from typing import Any

import redis

from osmod.jobs.errors import PutOff
from osmod.jobs.gate.limits import GateLimits
from osmod.jobs.gate.outcome import Outcome
from osmod.jobs.gate.scripts import ENTER, LATE, LEAVE, RESET, STATE
from osmod.jobs.gate.state import GateState, state_of
from osmod.jobs.messages.bounds import GATE_PREFIX, check_queue_name
from osmod.jobs.wire.link import curable, passes
from osmod.jobs.wire.queues import Queues

_log = logging.getLogger(__name__)

#: Seconds after which to ask again when Redis did not answer.
AWAY = 1.0
#: Characters kept of why a service is away.
_WHY = 500


class NotYet(PutOff):
    """Its turn has not come, or the service is away."""


@dataclass(frozen=True)
class BreakerTerms:
    """When a breaker opens, and how long it stays so. All but the first are milliseconds.

    Parameters:
      failures: `away` in a row until it opens.
      first, longest: its pause until it is probed, doubled after each probe in vain.
      refused: between probes of a service that refused.
    """

    failures: int = 5
    first: int = 10_000
    longest: int = 300_000
    refused: int = 600_000


class Gate:
    """Lets requests depart to a service as it can take them, counted over all processes by Redis's clock.

    ::

        gate = Gate(broker, "scorer:7", GateLimits(per_minute=60))
        gate.enter(ticket)                       # raises NotYet, which puts the job off until its turn
        try: ...                                 # the request
        finally: gate.leave(ticket, outcome)

    Whoever must wait keeps its place, and is told when its turn is likely to come. See docs/decisions/gates.md.

    Parameters:
      queues: whose Redis and namespace are used.
      name: the service; the same name is the same gate everywhere.
      limits: what the service takes.
      version: of its configuration. Under another version nothing counts of what the service was seen to do.
      hold: milliseconds after which a request is taken to be lost with its process; longer than any takes.
      breaker: when it opens.
    """

    def __init__(
        self,
        queues: Queues,
        name: str,
        limits: GateLimits,
        *,
        version: str = "",
        hold: int = 90_000,
        breaker: BreakerTerms = BreakerTerms(),
    ) -> None:
        check_queue_name(name)
        self.name = name
        self._links = queues.links
        self._base = f"{queues.namespace}:{{{GATE_PREFIX}{name}}}:".encode()
        self._version, self._hold = version.encode(), b"%d" % hold
        self._windows = limits.windows()
        concurrency = limits.concurrency or 0
        self._limits = [b"%d" % concurrency, b"%d" % hold, b"%d" % (limits.together - 1)]
        self._limits.append(b"%d" % (3 * len(self._windows)))
        self._limits += [
            b"%d" % number for one in self._windows for number in (one.limit, one.millis, one.from_ends)
        ]
        widest = max(self._windows, key=lambda one: one.millis, default=None)
        largest = max((one.limit for one in self._windows), default=0)
        kept = (*astuple(breaker), largest, widest.millis if widest else 0)
        self._terms = [b"%d" % number for number in kept]

    def enter(self, ticket: str) -> list[str]:
        """Depart. `ticket` names the request: whoever comes again under the same keeps its place.

        Returns the tickets that it takes along, where a request is for several. These are numbers; who departs under
        another name goes alone. Until it leaves, nobody else departs for them.

        Raises:
          NotYet: not now; or Redis is away, so that it could not be counted.
        """
        (answer,) = self.enter_all([ticket])
        if isinstance(answer, NotYet):
            raise answer
        return answer

    def enter_all(self, tickets: Sequence[str]) -> list[list[str] | NotYet]:
        """The same for several requests in one step, in their order: of each what it takes along, or why not now."""
        arguments = [self._version, *self._limits, *map(str.encode, tickets)]
        try:
            answers = ENTER.run(self._links, self._base, arguments)
        except (redis.RedisError, OSError) as error:
            if not passes(error):
                _log.warning("%s waits, since its gate cannot be asked: %s", self.name, error)
            return [self._unknown(error) for _ in tickets]
        return [self._entered(answer) for answer in answers]

    def leave(self, ticket: str, outcome: Outcome, along: Sequence[str] = ()) -> None:
        """Say that the request is over, for those, too, that it took along.

        With Redis away nobody is told: it is taken to be lost after `hold`.
        """
        self.leave_all([(ticket, outcome, along)])

    def leave_all(self, requests: Sequence[tuple[str, Outcome, Sequence[str]]]) -> None:
        """The same for several requests in one step."""
        arguments = [self._version, self._hold, *self._terms]
        for ticket, outcome, along in requests:
            why = outcome.why[:_WHY].encode(errors="replace")
            arguments += [ticket.encode(), outcome.kind.encode(), why, b"%d" % outcome.pause]
            arguments += [b"%d" % len(along), *map(str.encode, along)]
        try:
            changes = LEAVE.run(self._links, self._base, arguments)
        except (redis.RedisError, OSError) as error:
            if not curable(error):
                raise
            # What the requests brought is worth more than the gate's knowing of them.
            _log.debug("%s: that %d requests are over was not told: %s", self.name, len(requests), error)
            return
        for changed, (_, outcome, _) in zip(changes, requests, strict=True):
            self._tell(changed.decode(), outcome.why)

    def depart_late(self, number: int) -> None:
        """Say that so many requests, which were let, depart only now: they count from now on, too.

        A second is counted from departures, and prolonged by a little. Whoever stood still for longer than that between
        its turn and its request says so, or the service may see too many. With Redis away nobody is told.
        """
        try:
            LATE.run(self._links, self._base, [b"%d" % number, *self._terms[-2:]])
        except (redis.RedisError, OSError) as error:
            if not curable(error):
                raise
            _log.debug("%s: that %d requests depart late was not told: %s", self.name, number, error)

    def state(self) -> GateState:
        """What is known of the service now.

        Raises:
          ServerError, redis.RedisError, OSError: Redis is away.
        """
        return state_of(STATE.run(self._links, self._base, []))

    def reset(self) -> None:
        """Ask the service again at once, whatever it did before: an operator's act. Limits go on counting.

        Raises:
          ServerError, redis.RedisError, OSError: Redis is away.
        """
        RESET.run(self._links, self._base, [])

    def _entered(self, answer: list[Any]) -> list[str] | NotYet:
        if not answer[0]:
            return [along.decode() for along in answer[1:]]
        wait, why, detail, ahead = answer
        return NotYet(wait / 1000, self._sentence(why.decode(), detail.decode("utf-8", "replace"), ahead))

    def _unknown(self, error: Exception) -> NotYet:
        waits = NotYet(AWAY, f"{self.name}: whether it is its turn is not known, Redis is away")
        waits.__cause__ = error
        return waits

    def _sentence(self, why: str, detail: str, ahead: int) -> str:
        if why == "rate":
            window = self._windows[int(detail)]
            reason = f"{window.limit} requests a {window.unit}"
        else:
            reason = {
                "concurrency": f"{detail} requests at a time",
                "along": "it is asked together with others",
                "paused": "it asked for a pause",
                "open": f"it is away ({detail})",
                "refused": f"it refuses us ({detail})",
            }[why]
        return f"{self.name}: {reason}" + (f"; {ahead} before it" if ahead else "")

    def _tell(self, changed: str, why: str) -> None:
        """Once for all processes: whoever made the change says it."""
        if changed == "open":
            _log.warning(
                "%s is away, and asked by one request at a time until it is back: %s", self.name, why
            )
        elif changed == "refused":
            _log.error("%s refuses us, and is not asked until its configuration changes: %s", self.name, why)
        elif changed == "closed":
            _log.warning("%s is back.", self.name)
