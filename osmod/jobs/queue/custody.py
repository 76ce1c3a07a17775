"""What this process holds of a broker's queues, and for how long it may."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Protocol

from osmod.jobs.errors import InvalidOption
from osmod.jobs.messages.bounds import check_span
from osmod.jobs.queue.commands import Commands
from osmod.jobs.queue.followups import send_followups
from osmod.jobs.queue.holdings import Holdings
from osmod.jobs.queue.job import Job, Reporting
from osmod.jobs.queue.leases import Heartbeat
from osmod.jobs.queue.sending import Sender
from osmod.jobs.queue.suspects import Suspects
from osmod.jobs.wire.complaints import Complaints
from osmod.jobs.wire.queues import Queues

_log = logging.getLogger(__name__)

#: Milliseconds for which a worker holds a job without a sign of life.
DEFAULT_LEASE = 15_000


class Holding(Queues, Commands, Protocol):
    """The queues whose jobs are held, and the commands by which Dramatiq ends single ones."""


class Custodian(Queues, Protocol):
    """The queues, with what this process holds of them."""

    @property
    def custody(self) -> Custody:
        """What this process holds."""


class Custody:
    """The jobs that this process holds, and the thread that extends their leases.

    Attributes:
      lease: milliseconds for which a job is held without a sign of life.
      terms: what every exchange with Redis is told first; see `lua/exchange.lua`.
      complaints: where whoever meets a Redis that does not work says so.
      quiet: whether an operator asked this process to begin no more jobs.
      reports: where jobs report to that run as coroutines.
      unwanted: the runs that were asked to stop: the ids of jobs, and their leases' tokens.
      suspects: the jobs at work here that ran when a worker died.

    Parameters:
      lease: as `JobBroker` takes it.
      keep_done: number of finished jobs kept for a queue.
      remove: whether a job done here leaves no record, unless it says otherwise.
      nap: milliseconds after which an idle consumer looks up though nothing happened.
    """

    def __init__(
        self,
        broker: Holding,
        sender: Sender,
        *,
        lease: int | float | timedelta,
        keep_done: int,
        remove: bool,
        nap: int,
    ) -> None:
        self.lease = lease_millis(lease)
        self.nap = min(nap, self.lease * 2 // 3)
        self.complaints = Complaints()
        self.quiet = False
        self.reports: Reporting | None = None
        self.unwanted: Mapping[str, bytes] = {}
        kept = (broker.done_ttl, keep_done, broker.dead_message_ttl)
        self.terms = [b"%d" % term for term in (self.lease, *kept, self.nap, remove)]
        self.suspects = Suspects(broker, self.all_holdings, self.is_unwanted, self.lease)
        self._broker = broker
        self._sender = sender
        self._lock = threading.Lock()
        self._holdings: dict[str, Holdings] = {}
        self._heartbeat: Heartbeat | None = None

    @property
    def resting(self) -> bool:
        """Whether no more jobs are to be begun here for now."""
        return self.quiet or self.suspects.secluded

    def holdings(self, queue_name: str) -> Holdings:
        """What this process holds of a queue."""
        with self._lock:
            if queue_name not in self._holdings:
                base = self._broker.key_base(queue_name)
                followups = partial(send_followups, self._sender)
                self._holdings[queue_name] = Holdings(queue_name, base, self.terms, self._broker, followups)
            return self._holdings[queue_name]

    def all_holdings(self) -> list[Holdings]:
        """What this process holds of every queue that it consumes."""
        with self._lock:
            return list(self._holdings.values())

    def held(self, queue_name: str, message_id: str) -> Job | None:
        """A job, if this process holds it."""
        holdings = self._holdings.get(queue_name)
        return holdings.held.get(message_id) if holdings is not None else None

    def is_unwanted(self, job: Job) -> bool:
        """Whether this run of a job was asked to stop; one that was retried since is another."""
        return self.unwanted.get(job.message_id) == job.token

    def keep(self) -> bool:
        """Extend the leases of what is held, from now on. False if that is being done already."""
        with self._lock:
            if self._heartbeat is not None and self._heartbeat.is_alive():
                return False
            self._heartbeat = Heartbeat(
                self.all_holdings, self._broker.links.route, self.lease, self.complaints
            )
            self._heartbeat.start()
            return True

    def flush(self, patience: float = 0.0) -> None:
        """Tell Redis now what ended, trying for so many seconds a queue: this process is about to end."""
        for holdings in self.all_holdings():
            if not holdings.flush(self._broker.links, patience):
                _log.warning(
                    "Redis does not know how %d jobs of queue %r ended: they run again when their leases are over.",
                    len(holdings.untold()),
                    holdings.queue_name,
                )

    def close(self) -> None:
        """Extend no more."""
        with self._lock:
            heartbeat, self._heartbeat = self._heartbeat, None
        if heartbeat is not None:
            heartbeat.stop()


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
