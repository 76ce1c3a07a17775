"""Where one schedule stands in a scheduler: which slot is next, and when to try."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from dramatiq import Actor

from osmod.jobs.schedules.schedule import Schedule

_FIRST_BACKOFF = timedelta(seconds=0.1)
_LONGEST_BACKOFF = timedelta(seconds=5)


@dataclass
class Plan:
    """The next slot of a schedule.

    Attributes:
      looked_back: whether `due` was chosen though it may be long ago.
      failures: tries in a row that it could not be sent.
    """

    actor: Actor[Any, Any]
    schedule: Schedule
    due: datetime
    try_at: datetime
    looked_back: bool = False
    failures: int = 0

    @property
    def wake(self) -> datetime:
        """When there is something to do."""
        return max(self.due, self.try_at)

    def failed(self, now: datetime) -> None:
        """Note that it could not be sent; it is tried again, later each time."""
        self.failures += 1
        self.try_at = now + backoff(self.failures)


def backoff(failures: int) -> timedelta:
    """How long to wait after so many failures in a row."""
    return min(_FIRST_BACKOFF * 2.0 ** min(failures - 1, 10), _LONGEST_BACKOFF)
