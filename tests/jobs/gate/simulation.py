"""Hours of jobs at a gate in seconds: its own scripts, on a clock that is set from event to event."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from heapq import heappop, heappush
from pathlib import Path

import osmod.jobs.gate.scripts
import osmod.jobs.wire.scripts
from osmod.jobs.broker import JobBroker
from osmod.jobs.gate import Gate, NotYet, Outcome
from osmod.jobs.wire.scripts import Script

_LUA = Path(osmod.jobs.gate.scripts.__file__).parent / "lua"
_PRELUDE = Path(osmod.jobs.wire.scripts.__file__).parent / "lua" / "_prelude.lua"
#: Seconds since 1970 at which all begins.
EPOCH = 1_800_000_000


def scripts(folder: Path) -> dict[str, Script]:
    """The gate's scripts that move with the clock, by the names that the gate has for them."""
    prelude = folder / "_prelude.lua"
    text = _PRELUDE.read_text()
    assert text.count("= call('TIME')") == 1
    prelude.write_text(text.replace("call('TIME')", "{string.match(call('GET', 'clock'), '(%d+) (%d+)')}"))
    return {
        name: Script(_LUA / f"{name.lower()}.lua", _LUA / "_gate.lua", prelude=prelude)
        for name in ("ENTER", "LEAVE", "STATE", "RESET")
    }


@dataclass
class Simulation:
    """Jobs that ask a service through a gate, in seconds of its own.

    Parameters:
      latency: seconds that the service takes to answer, each time anew.
      travel: seconds from a request's departure to its arrival there, each time anew.
      clock: by how many seconds Redis's clock is wrong, each time anew.
      delay: seconds from when a job is due until a worker takes it up, each time anew.
      down: from when until when no worker runs.
    """

    broker: JobBroker
    gate: Gate
    latency: Callable[[], float]
    delay: Callable[[], float]
    travel: Callable[[], float] = lambda: 0.0
    clock: Callable[[], float] = lambda: 0.0
    down: tuple[float, float] = (0, 0)
    departures: list[tuple[float, int]] = field(default_factory=list)
    arrivals: list[float] = field(default_factory=list)
    answered: set[int] = field(default_factory=set)
    woken: int = 0
    now: float = 0
    _along: dict[int, list[str]] = field(default_factory=dict)
    _events: list[tuple[float, int, int, bool]] = field(default_factory=list)

    def send(self, jobs: int, every: float = 0.0) -> None:
        """Have jobs come up, one after the other."""
        for number in range(jobs):
            self._at(number * every, number)

    def run(self) -> None:
        """Until all jobs are done."""
        while self._events:
            self.now, _, number, ends = heappop(self._events)
            micros = round((EPOCH + self.now + self.clock()) * 1_000_000)
            self.broker.client.set("clock", f"{micros // 1_000_000} {micros % 1_000_000}")
            if ends:
                along = self._along.pop(number)
                self.gate.leave(str(number), Outcome.ok(), along)
                self.answered |= {number, *map(int, along)}
            elif number not in self.answered:
                self._enter(number)

    def _enter(self, number: int) -> None:
        self.woken += 1
        try:
            self._along[number] = self.gate.enter(str(number))
        except NotYet as error:
            self._at(self.now + error.seconds + self.delay(), number)
        else:
            self.departures.append((self.now, number))
            self.arrivals.append(self.now + self.travel())
            self._at(self.arrivals[-1] + self.latency(), number, ends=True)

    def _at(self, when: float, number: int, *, ends: bool = False) -> None:
        begins, over = self.down
        if begins <= when < over and not ends:
            when = over + (when - begins) / 1000  # Redis has them in the order in which they were due.
        heappush(self._events, (when, self.woken, number, ends))
