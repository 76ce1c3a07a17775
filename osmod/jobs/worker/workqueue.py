"""Between a worker's consumers and its threads: which job next, and how many threads to wake for it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Set, Sized
from heapq import heappop
from queue import Empty
from time import monotonic
from typing import TYPE_CHECKING, Any

from osmod.jobs.worker.at_work import AtWork
from osmod.jobs.worker.idle import Idle
from osmod.jobs.worker.line import Line
from osmod.jobs.worker.pace import Pace

if TYPE_CHECKING:
    from dramatiq import MessageProxy
    from dramatiq.worker import _WorkQueueItem

#: Seconds for which the one thread of brisk times may stay away before jobs are taken not to be brisk.
STALL = 0.003
#: Seconds for which an idle thread waits while its worker stops.
CLOSING_PAUSE = 0.02
#: Seconds for which a job waits for a call of its actor to end, so as to be in the next one with others that come.
GATHER = 0.03
#: Jobs that may wait here beyond the usual number while jobs are brisk: some milliseconds' work.
MOST_AHEAD = 112


class WorkQueue:
    """Takes the place of the `PriorityQueue` that Dramatiq's worker hands jobs to its threads with.

    - **Order**: that of a `Line`.
    - **No queue takes all threads**: where several queues are served, one of them may keep all threads but
      one busy. The last is for the others, so a slow queue does not starve them.
    - **No herd**: Python runs one thread at a time, so eight threads awake for jobs of a few microseconds
      cost several times what the jobs cost. While jobs are that brisk, one thread runs them. The moment one
      takes longer, all threads that can be used are woken; now and then it is seen whether that changed.
    - **Calls are whole**: no thread is woken for a job that others may share a call with while such a call runs
      and has just begun. Whoever is free takes it all the same, and a call's worth of jobs does not wait.

    Parameters:
      served: has as many members as queues are served.
      together: how many jobs may share a call with one, itself included.
    """

    def __init__(
        self, threads: int, served: Sized, together: Callable[[MessageProxy], int] = lambda job: 1
    ) -> None:
        self._threads = threads
        self._served = served
        self._together = together
        self._lock = threading.Lock()
        self._all_done = threading.Condition(self._lock)
        self._line, self._pace = Line(), Pace()
        self._idle, self._at_work = Idle(), AtWork()
        self._last_get = monotonic()
        self._closing = self._shut = False
        self.unfinished_tasks = 0

    def put(self, item: _WorkQueueItem) -> None:
        """Add a job."""
        with self._lock:
            self.unfinished_tasks += 1
            self._add(item)

    def get(self, block: bool = True, timeout: float | None = None) -> _WorkQueueItem:
        """The next job for the calling thread.

        Raises:
          queue.Empty: there was none within `timeout` seconds.
        """
        thread = threading.get_ident()
        with self._lock:
            alone = self._pace.brisk and self._at_work and block
            if not alone and (item := self._take(thread)) is not None:
                return item
            if not block:
                raise Empty
            gate = self._idle.lie_down()
        if self._closing:
            timeout = CLOSING_PAUSE
        woken = gate.acquire(timeout=-1 if timeout is None else timeout)
        with self._lock:
            self._idle.get_up(gate, woken)
            item = self._take(thread)
        if item is None:
            raise Empty
        return item

    def get_nowait(self) -> _WorkQueueItem:
        """The next job, if there is one now.

        Raises:
          queue.Empty: there is none.
        """
        return self.get(block=False)

    def task_done(self) -> None:
        """The job that the calling thread got last is over."""
        with self._lock:
            self._forget(1)
            ended = self._at_work.end(threading.get_ident())
            if ended is None:
                return
            job, since = ended
            if since is not None and self._pace.brisk and not self._pace.job_took(monotonic() - since):
                self._not_brisk()
            self._line.let_in(job.queue_name)

    def drain(self) -> list[_WorkQueueItem]:
        """Take out all jobs that no thread has begun, in order. From now on idle threads look up often."""
        with self._lock:
            self._closing = True
            while self._idle:
                self._idle.wake_one()
            items = self._line.take_all()
            self._forget(len(items))
        return items

    def shut(self) -> None:
        """Give out no more jobs, whatever comes."""
        with self._lock:
            self._shut = self._closing = True

    def ahead(self) -> int:
        """How many jobs more than usual may wait here: as many as were brisk of late, up to `MOST_AHEAD`."""
        return 0 if self._closing else min(MOST_AHEAD, self._pace.ended)

    def take_back(self, queue_name: str, most: int) -> list[MessageProxy]:
        """Take out up to `most` jobs of a queue that no thread has begun, those whose turn is last."""
        with self._lock:
            items = self._line.take_last(queue_name, most)
            self._forget(len(items))
        return [item.message for item in items]

    def take_along(self, most: int, meant: Callable[[MessageProxy], bool]) -> list[_WorkQueueItem]:
        """Take out up to `most` of the jobs meant, those whose turn is first, to be begun with the one at work.

        They count as unfinished. The caller sees to it that each is over, or put back.
        """
        with self._lock:
            return [] if self._closing else [_begun(item) for item in self._line.take_first(most, meant)]

    def take_up(self, item: _WorkQueueItem) -> None:
        """The calling thread runs a job that was taken along."""
        with self._lock:
            self._at_work.begin(threading.get_ident(), item.message)

    def put_back(self, item: _WorkQueueItem) -> None:
        """A job that was taken along is to be given out after all; if the worker stops, by another one."""
        message: Any = item.message
        with self._lock:
            message.begun = False
            if self._closing:
                self._forget(1)
            else:
                self._add(item)

    def join(self) -> None:
        """Wait until every job put is over."""
        with self._all_done:
            while self.unfinished_tasks:
                self._all_done.wait()

    def qsize(self) -> int:
        """Jobs not given to a thread yet."""
        with self._lock:
            return len(self._line)

    def empty(self) -> bool:
        """Whether every job put has been given to a thread."""
        return not self.qsize()

    def busy_threads(self) -> list[int]:
        """The threads that run a job, by their identifiers."""
        with self._lock:
            return self._at_work.threads()

    def stall(self) -> float | None:
        """Seconds after which to call `rouse`: jobs wait beside idle threads, or are still taken to be brisk."""
        if not (self._line.waiting and (self._idle or self._pace.brisk)):
            return None
        with self._lock:
            return STALL if self._pace.brisk or self._any_wants_a_thread() else GATHER

    def rouse(self) -> None:
        """If no job was begun for `STALL` seconds, those that wait were not brisk: wake the idle threads."""
        with self._lock:
            if monotonic() - self._last_get > STALL:
                self._not_brisk()

    def _add(self, item: _WorkQueueItem) -> None:
        self._line.put(item)
        if not self._idle or (self._pace.brisk and (self._at_work or self._idle.coming)):
            return
        if self._wants_a_thread(item.message, self._at_work.begun_within(GATHER)):
            self._idle.wake_one()

    def _any_wants_a_thread(self) -> bool:
        begun = self._at_work.begun_within(GATHER)
        return any(self._wants_a_thread(entry[3].message, begun) for entry in self._line.waiting)

    def _wants_a_thread(self, job: MessageProxy, begun: Set[str]) -> bool:
        """Whether a thread is to be woken for a job; not if the next call is worth waiting for, as one has `begun`."""
        most = self._together(job)
        if most == 1:
            return True
        calls = self._idle.coming + (job.actor_name in begun)
        return not calls or len(self._line.waiting) >= most * calls

    def _forget(self, count: int) -> None:
        self.unfinished_tasks -= count
        if not self.unfinished_tasks:
            self._all_done.notify_all()

    def _not_brisk(self) -> None:
        self._pace.slowed()
        begun = self._at_work.begun_within(GATHER)
        for entry in self._line.waiting:
            if self._idle and self._wants_a_thread(entry[3].message, begun):
                self._idle.wake_one()

    def _take(self, thread: int) -> _WorkQueueItem | None:
        now = monotonic()
        self._last_get = now
        line = self._line
        while line.waiting and not self._shut:
            entry = heappop(line.waiting)
            item = entry[3]
            queue_name = item.message.queue_name
            most = self._threads - 1 if len(self._served) > 1 and self._threads > 1 else self._threads
            if self._at_work.of_queue[queue_name] >= most:
                line.hold_back(entry)
                continue
            line.turn = entry[1]
            self._at_work.begin(thread, item.message, now)
            slow = not self._pace.brisk and not self._pace.tried_again(now)
            if slow and self._idle and self._any_wants_a_thread():
                self._idle.wake_one()
            return _begun(item)
        return None


def _begun(item: _WorkQueueItem) -> _WorkQueueItem:
    """A job, noted as begun."""
    message: Any = item.message
    message.begun = True
    return item
