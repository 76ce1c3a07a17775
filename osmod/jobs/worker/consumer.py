"""Where a worker's jobs come from: one consumer a queue, asleep in Redis while there are none."""

from __future__ import annotations

import logging
import os
import socket
import sys
import time
from collections.abc import Callable, Iterable
from itertools import count
from typing import Protocol
from uuid import uuid4

from dramatiq import Consumer, MessageProxy
from dramatiq.worker import QUEUE_PREFETCH

from osmod.jobs.queue.custody import Custodian
from osmod.jobs.queue.job import Job
from osmod.jobs.queue.settlements import Settlement
from osmod.jobs.wire.backoff import Backoff
from osmod.jobs.wire.link import curable
from osmod.jobs.worker.bell import Bell
from osmod.jobs.worker.lifecycle import Lifecycle
from osmod.jobs.worker.sleeper import Sleeper
from osmod.jobs.worker.stock import Stock
from osmod.jobs.worker.workqueue import CLOSING_PAUSE

_log = logging.getLogger(__name__)

#: Seconds that settlements wait for company before they are told to a busy queue.
GATHER = 0.002
#: Seconds after which a sleeping consumer looks up, whatever it was told, and tells its thread that it lives.
LOOK_UP = 1.0
#: Seconds for which a thread tries to settle the job that it ended, before it leaves that to the consumer.
SETTLING_PATIENCE = 0.25
#: Seconds for which a closing consumer tries to tell Redis what it holds.
CLOSING_PATIENCE = 3.0


class Employer(Custodian, Protocol):
    """The queues, what this process holds of them, and the worker that it runs."""

    @property
    def lifecycle(self) -> Lifecycle:
        """The start and the stop of this process's worker."""


class JobConsumer(Consumer):
    """An iterator over the jobs of one queue; `next` gives None when there was none for a while.

    `prefetch` counts running jobs too, as Dramatiq documents it. Unless it was set by hand, a worker fetches
    further ahead while its jobs are so brisk that fetching would cost more than running them; what it has
    too much when they no longer are, it hands back. While there are jobs, they come in batches, and what
    ended goes back with the same call. With none left the consumer sleeps in a blocking command until one is
    sent or due, or a lease runs out; what ends meanwhile is settled at once by its own thread.
    """

    def __init__(self, broker: Employer, queue_name: str, prefetch: int, timeout: int) -> None:
        self.broker = broker
        self.queue_name = queue_name
        self.prefetch = prefetch
        self.timeout = timeout
        self._custody, self._lifecycle = broker.custody, broker.lifecycle
        self._holdings = self._custody.holdings(queue_name)
        self._stock = Stock(self, self._holdings, broker.actors)
        #: The names that Dramatiq has for them.
        self.message_cache, self.queued_message_ids = self._stock.waiting, self._stock.leased
        self._link = broker.links.new()
        self._sleeper = Sleeper(broker.links.new(), self._holdings.base)
        self._look_up = min(timeout / 1000, LOOK_UP)
        self._worker = f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:8]}"
        self._leases = count(1)
        own = (actor for actor in broker.actors.values() if actor.queue_name == queue_name)
        #: Jobs of two calls: one runs, and the next is whole when its turn comes. With a number that is no multiple of
        #: a call's, every other call would get the rest.
        self._of_two_calls = 2 * max((actor.options.get("batch", 0) for actor in own), default=0)
        self._bell = Bell()
        self._ring_at = 0
        self._empty_until = 0.0
        self._backoff = Backoff()

    @property
    def outstanding_message_count(self) -> int:
        """Jobs leased by this consumer whose end has not been told to Redis yet."""
        return len(self.queued_message_ids)

    def __next__(self) -> MessageProxy | None:
        try:
            return self._waiting() or self._next()
        except Exception as error:
            if not curable(error):
                raise
            self._empty_until = 0.0
            # What one connection met, the other is about to.
            self._sleeper.close()
            self._link.close()
            self._custody.complaints.note(self, error)
            self._bell.wait(min(self._backoff.next(), self._look_up))
            return None

    def ack(self, message: MessageProxy) -> None:
        """Note that a job is done, or is to be retried if a retry was asked for. Never raises for Redis."""
        if isinstance(message, Job):
            self._settle(message, message.success())

    def nack(self, message: MessageProxy) -> None:
        """Note that a job has failed for good."""
        if isinstance(message, Job):
            self._settle(message, message.failure())

    def requeue(self, messages: Iterable[MessageProxy]) -> None:
        """Hand jobs back that were not started. Each returns to its old place in the order."""
        self._stock.give_back(messages)
        self._holdings.flush(self.broker.links, CLOSING_PATIENCE)

    def close(self) -> None:
        """Hand back what was not given out, settle what ended, disconnect."""
        self._sleeper.close()
        self._stock.give_back_waiting()
        self._holdings.flush(self.broker.links, CLOSING_PATIENCE)
        self._link.close()

    def settled(self) -> None:
        """Called by the thread that noted how a job leased by this consumer ended: have Redis told in time."""
        if time.monotonic() < self._empty_until:
            # No more jobs to come with which it could travel.
            self._holdings.flush(self.broker.links, SETTLING_PATIENCE)
        elif self._ring_at and len(self._holdings.pending) >= self._ring_at:
            self._ring_at = 0
            self._bell.ring()

    def _settle(self, job: Job, settlement: Settlement) -> None:
        self._holdings.settle(job, settlement)
        job.consumer.settled()

    def _most(self) -> int:
        work_queue = self._lifecycle.work_queue
        if QUEUE_PREFETCH or work_queue is None:
            return self.prefetch
        return max(self.prefetch + work_queue.ahead(), self._of_two_calls)

    def _room(self) -> int:
        """How many jobs more may be leased: those that run as coroutines keep no thread from another."""
        work_queue = self._lifecycle.work_queue
        beside = work_queue.coroutines.running(self.queue_name) if work_queue is not None else 0
        return self._stock.room(self._most() + beside)

    def _next(self) -> Job | None:
        if self._lifecycle.stopping:
            self._wind_down(CLOSING_PAUSE)
            return None
        if self._custody.resting:
            if self._lifecycle.work_queue is not None:  # not begun
                self._stock.give_back(self._lifecycle.work_queue.take_back(self.queue_name, sys.maxsize))
            self._wind_down(self._look_up)
            return None
        if not self._sleeper.asleep:
            if time.monotonic() >= self._empty_until:
                if not self._refill():
                    return None
                if self.message_cache or time.monotonic() >= self._empty_until:
                    return self._waiting()
            self._sleeper.fall_asleep(self._empty_until - time.monotonic())
        return self._sleep()

    def _wind_down(self, pause: float) -> None:
        """No more jobs: this process is stopping, or quiet. What ends is still settled; `pause` is in seconds."""
        self._sleeper.close()
        self._stock.give_back_waiting()
        self._ring_at = 1
        if not self._holdings.owes():
            self._bell.wait(min(self._look_up, pause))
        if self._holdings.pending:
            self._exchange(0)

    def _wait(self, event: Callable[[float], bool]) -> bool:
        """Wait for an event until the caller's patience ends, but see to it that no job lacks a thread."""
        work_queue = self._lifecycle.work_queue
        if work_queue is None or (stall := work_queue.stall()) is None:
            return event(self._look_up)
        if event(stall):
            return True
        work_queue.rouse()
        return event(0)

    def _refill(self) -> bool:
        """Fetch what there is room for, once that is worth a call. False: there is no room yet."""
        worth, room = max(1, self._most() // 2), self._room()
        if room < 0 and self._lifecycle.work_queue is not None:
            self._stock.give_back(self._lifecycle.work_queue.take_back(self.queue_name, -room))
        if room < worth:
            if not self._gathered(room, worth):
                return False
            room = self._room()
        self._exchange(room)
        return True

    def _gathered(self, room: int, worth: int) -> bool:
        """Wait until `worth` jobs have ended, which is worth a call. False: there is no room yet."""
        pending = self._holdings.pending
        if room <= 0 and not self._holdings.owes():
            self._ring_at = 1
            if not pending and not self._wait(self._bell.wait) and not pending:
                return False
        if pending:
            self._ring_at = worth
            if len(pending) < worth:
                self._bell.wait(GATHER)
            self._ring_at = 0
        return True

    def _exchange(self, want: int) -> None:
        token = f"{self._worker}:{next(self._leases)}".encode() if want > 0 else b""
        wait, heads, messages = self._holdings.exchange(self._link, token, max(0, want))
        self._backoff.reset()
        self._custody.complaints.over(self)
        fields = heads.split()
        self._empty_until = 0.0
        if len(fields) < 2 * want:
            nap = self._custody.nap if wait < 0 else min(self._custody.nap, max(wait, 1))
            self._empty_until = time.monotonic() + nap / 1000
        try:
            if fields:
                self._stock.take(fields, messages, token)
        finally:
            self._holdings.arrived(token)

    def _sleep(self) -> Job | None:
        """Wait in Redis for a job; for the caller's sake only so long, the command stays under way."""
        if self._holdings.owes():
            self._holdings.flush(self.broker.links)
        if not self._wait(self._sleeper.stirs):
            self._sleeper.ensure_alive()
            return None
        self._sleeper.wake()
        self._empty_until = 0.0
        if self._lifecycle.stopping or self._custody.resting:
            return None  # What stirred may be what was just handed back.
        # The process was idle: it may as well look out for the answer. A busy one leaves the core to Redis.
        self._link.eager = True
        self._exchange(self._room())
        self._link.eager = False
        return self._waiting()

    def _waiting(self) -> Job | None:
        """The next job that was fetched. None is given out any more where it is to go back: see `_wind_down`."""
        if self._lifecycle.stopping or self._custody.resting or not self.message_cache:
            return None
        return self.message_cache.popleft()
