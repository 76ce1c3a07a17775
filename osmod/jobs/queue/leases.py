"""Keeps the leases of this process's jobs alive while it lives."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

import redis

from osmod.jobs.queue.holdings import Holdings
from osmod.jobs.wire.complaints import Complaints
from osmod.jobs.wire.links import Links
from osmod.jobs.wire.route import Route


class Heartbeat(threading.Thread):
    """Extends, every third of a lease, the lease of every job that this process holds.

    A process that dies stops extending, so its jobs start elsewhere within one lease. While Redis is away it
    tries again sooner, to be in time when Redis returns.

    It waits for an answer no longer than a third of a lease, on connections of its own: one answer that is lost
    on the way leaves time to ask again.

    Parameters:
      held: gives what this process holds of each queue.
      lease: milliseconds.
    """

    def __init__(
        self, held: Callable[[], Iterable[Holdings]], route: Route, lease: int, complaints: Complaints
    ) -> None:
        super().__init__(name="job-leases", daemon=True)
        self._held = held
        self._lease = lease
        self._complaints = complaints
        self._links = Links(route, most=lease / 3000)
        self._over = threading.Event()

    def run(self) -> None:
        """Extend until told to stop."""
        lease = self._lease / 1000
        pause = lease / 3
        while not self._over.wait(pause):
            pause = lease / 3
            for holdings in self._held():
                try:
                    holdings.extend(self._links, self._lease)
                except (redis.RedisError, OSError) as error:
                    self._complaints.note(holdings, error)
                    pause = min(pause, 1.0, lease / 15)
                else:
                    self._complaints.over(holdings)
        self._links.close()

    def stop(self) -> None:
        """Extend no more."""
        self._over.set()
