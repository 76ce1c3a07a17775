"""That a host's scheduler lives, for those who ask."""

from __future__ import annotations

import time

import redis

from osmod.jobs.schedules.store import Store
from osmod.jobs.schedules.wallclock import Clock
from osmod.jobs.wire.complaints import Complaints

#: Seconds between two signs of life.
_PAUSE = 5.0


class SignsOfLife:
    """Those of one scheduler."""

    def __init__(self, store: Store, clock: Clock, complaints: Complaints) -> None:
        self._store, self._clock, self._complaints = store, clock, complaints
        self._next = 0.0

    def give(self) -> None:
        """Say that this host's scheduler lives, unless it said so just now. What goes wrong is logged."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + _PAUSE
        try:
            self._store.give_sign_of_life(self._clock.now())
        except (redis.RedisError, OSError) as error:
            self._complaints.note(self, error)
        else:
            self._complaints.over(self)
