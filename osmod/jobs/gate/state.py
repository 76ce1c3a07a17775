"""What a gate knows of its service, for operators and figures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any


class Breaker(StrEnum):
    """Whether requests are let through.

    ::

        closed ──away, several in a row──▶ open ──pause over──▶ half-open ──ok──▶ closed
           │                                ▲                       │
           │                                └──away, twice as long──┘
           └──refused──▶ refused ──ok, or another configuration──▶ closed
    """

    CLOSED = "closed"
    #: The service is away: nobody departs.
    OPEN = "open"
    #: One request at a time finds out whether it is back.
    HALF_OPEN = "half-open"
    #: It does not know us: one request every ten minutes.
    REFUSED = "refused"


@dataclass(frozen=True)
class GateState:
    """A gate at one moment; moments are aware, in UTC, by the clock of Redis.

    Attributes:
      why: what the service said, or how it failed, when it is not closed.
      since: when the breaker left the state of being closed.
      next_probe: when one request finds out whether that is over.
      paused_until: what the service asked for.
      failing_for: seconds since the first request that failed after the last one that was answered; None: that was.
      failed: how the last request failed, of those since; empty if there is none.
      in_flight: requests under way, over all processes.
      last_second, last_minute: departures in the last full second, and in the last minute.
      waiting: tickets that wait for their turn.
    """

    breaker: Breaker
    why: str
    since: datetime | None
    next_probe: datetime | None
    paused_until: datetime | None
    failing_for: float | None
    failed: str
    in_flight: int
    last_second: int
    last_minute: int
    waiting: int

    def as_dict(self) -> dict[str, Any]:
        """The state in values that JSON has: moments in ISO 8601."""
        return {
            name: value.isoformat(timespec="milliseconds") if isinstance(value, datetime) else value
            for name, value in {**vars(self), "breaker": self.breaker.value}.items()
        }


def state_of(answer: list[Any]) -> GateState:
    """The state in what `lua/state.lua` answers."""
    now, mode, why, since, next_probe, paused, failing, failed = (
        one.decode("utf-8", "replace") for one in answer[:8]
    )
    probing, in_flight, last_second, last_minute, waiting = map(int, answer[8:])
    breaker = Breaker(mode or "closed")
    if breaker is Breaker.OPEN and (probing or int(next_probe) <= int(now)):
        breaker = Breaker.HALF_OPEN
    return GateState(
        breaker,
        why if mode else "",
        _moment(since) if mode else None,
        _moment(next_probe) if mode else None,
        _moment(paused) if paused and int(paused) > int(now) else None,
        (int(now) - int(failing)) / 1000 if failing else None,
        failed,
        in_flight,
        last_second,
        last_minute,
        waiting,
    )


def _moment(millis: str) -> datetime | None:
    return datetime.fromtimestamp(int(millis) / 1000, UTC) if millis else None
