"""What this process has counted and Redis has not been told."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping

#: What is counted: the family of figures, then its labels; of a histogram last the step, or `SUM`.
Name = tuple[str, ...]
#: Counts by place, which is a queue, or `WEB`.
Counts = dict[str, Counter[Name]]

#: Where requests over HTTP are counted; it stands in the place of a queue's name.
WEB = "web"
#: The families of counts on jobs; a run that is not over, or that nothing came of, has no outcome.
ENQUEUED, STARTED = "enqueued", "started"
OUTCOMES = ("done", "failed", "retried", "cancelled")
#: Histograms of jobs: for how long they ran, and waited since they were due.
RAN, WAITED = "ran", "waited"
#: Requests by method, route and status, and a histogram of what they took by method and route.
REQUESTS, TOOK = "requests", "took"
#: The upper bounds of the steps of all histograms, in seconds; one more is without bound.
BOUNDS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 3600.0)
#: The last part of the name by which the seconds of a histogram are added up, in microseconds.
SUM = "sum"


class Tally:
    """Counts, added to by any thread in about a microsecond."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counts = {}

    def add(self, place: str, names: Iterable[tuple[Name, int]]) -> None:
        """Count something, or several things at once."""
        with self._lock:
            counts = self._counts.setdefault(place, Counter())
            for name, number in names:
                counts[name] += number

    def take(self) -> Counts:
        """All that was counted since it was last taken."""
        with self._lock:
            counts, self._counts = self._counts, {}
        return counts

    def put_back(self, counts: Mapping[str, Counter[Name]]) -> None:
        """Have it kept for the next time, as it could not be told."""
        for place, of_place in counts.items():
            self.add(place, of_place.items())


def taking(seconds: float, *name: str) -> list[tuple[Name, int]]:
    """What a histogram counts for something that took so long."""
    step = str(bisect_left(BOUNDS, seconds))
    return [((*name, step), 1), ((*name, SUM), round(seconds * 1_000_000))]


#: That of this process.
TALLY = Tally()
