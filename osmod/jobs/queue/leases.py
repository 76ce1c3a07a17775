"""Keeps the leases of this process's jobs alive while it lives."""

from __future__ import annotations

import logging
import threading
import time
from datetime import timedelta
from typing import TYPE_CHECKING

import redis
from dramatiq.middleware import SkipMessage

from osmod.jobs.errors import InvalidOption
from osmod.jobs.messages.bounds import check_span
from osmod.jobs.queue.job import Job
from osmod.jobs.queue.scripts import BEGIN
from osmod.jobs.wire.backoff import Backoff
from osmod.jobs.wire.link import Links, passes

if TYPE_CHECKING:
    from osmod.jobs.broker import JobBroker

_log = logging.getLogger(__name__)

#: Milliseconds for which a worker holds a job without a sign of life.
DEFAULT_LEASE = 15_000


def lease_millis(lease: int | float | timedelta) -> int:
    """A lease in milliseconds. A number below 250 is one of seconds.

    Raises:
      InvalidOption: it is too short for a worker to keep, or no length of time.
    """
    if isinstance(lease, timedelta):
        millis = lease.total_seconds() * 1000
    else:
        millis = lease * 1000 if lease < 250 else lease
    if millis < 250:
        raise InvalidOption(f"lease={lease!r}: shorter than 250 milliseconds, a worker could not keep it")
    check_span(lease=millis)
    return int(millis)


class Heartbeat(threading.Thread):
    """Extends, every third of a lease, the lease of every job that this process holds.

    A process that dies stops extending, so its jobs start elsewhere within one lease. While Redis is away it
    tries again sooner, to be in time when Redis returns.

    It waits for an answer no longer than a third of a lease, on connections of its own: one answer that is lost
    on the way leaves time to ask again.
    """

    def __init__(self, broker: JobBroker) -> None:
        super().__init__(name="job-leases", daemon=True)
        self._broker = broker
        self._links = Links(broker.links.route, most=broker.lease / 3000)
        self._over = threading.Event()

    def run(self) -> None:
        """Extend until told to stop."""
        lease = self._broker.lease / 1000
        pause = lease / 3
        while not self._over.wait(pause):
            pause = lease / 3
            for holdings in self._broker.all_holdings():
                try:
                    holdings.extend(self._links, self._broker.lease)
                except (redis.RedisError, OSError) as error:
                    self._broker.complaints.note(holdings, error)
                    pause = min(pause, 1.0, lease / 15)
                else:
                    self._broker.complaints.over(holdings)
        self._links.close()

    def stop(self) -> None:
        """Extend no more."""
        self._over.set()


def begin(broker: JobBroker, job: Job) -> None:
    """Ask Redis before a job is started whose lease has passed on, or whose worker vanished before. Note the latter.

    Should this worker die too, the job is certain to have been running: that is what counts towards failing
    it. Of jobs on their first run it is not known, which saves every healthy job a round trip.

    Raises:
      SkipMessage: its lease has passed on; whoever has it now runs it.
    """
    backoff = Backoff()
    give_up = time.monotonic() + broker.lease / 1000
    while True:
        try:
            held = BEGIN.run(broker.links, broker.key_base(job.queue_name), [job.id, job.token])
        except Exception as error:
            if not passes(error):
                raise
            if time.monotonic() > give_up:
                job.hand_back()
                raise SkipMessage(f"Redis has been away for the whole lease of {job.message_id}") from error
            time.sleep(backoff.next())
        else:
            if not held:
                job.hand_back()
                raise SkipMessage(f"the lease of {job.message_id} has passed on")
            return
