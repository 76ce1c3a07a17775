"""How much an outside service takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from osmod.jobs.errors import InvalidOption

#: Departures that a limit can count: Redis keeps the time of each.
MOST = 1_000_000
#: Milliseconds. A server counts requests as they arrive, some later after their departure than others. Of a second
#: that is allowed for by a twentieth; in a minute each takes its place from its departure until a minute after its end,
#: so that it does not matter when it arrived, and what is added is for clocks.
_SECOND, _MINUTE = 1_000 + 50, 60_000 + 500


class Window(NamedTuple):
    """At most `limit` requests within so many milliseconds; `unit` is what people call that.

    `from_ends`: each counts while it is under way, and for so long after its end; otherwise from its departure.
    """

    limit: int
    millis: int
    unit: str
    from_ends: bool


@dataclass(frozen=True)
class GateLimits:
    """Requests a second, a minute and at a time, over all processes; None for any number.

    `together`: tickets that one request may be for: who departs takes along those who have waited longest.

    Raises:
      InvalidOption: one is less than 1 or more than a million.
    """

    per_second: int | None = None
    per_minute: int | None = None
    concurrency: int | None = None
    together: int = 1

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if value is not None and not 1 <= value <= MOST:
                raise InvalidOption(f"{name}={value!r}: expected a number from 1 to {MOST}, or None")

    def windows(self) -> list[Window]:
        """The limits of requests in a time."""
        found = []
        if self.per_second is not None:
            found.append(Window(self.per_second, _SECOND, "second", from_ends=False))
        if self.per_minute is not None:
            found.append(Window(self.per_minute, _MINUTE, "minute", from_ends=True))
        return found
