"""Between a worker's consumers and its threads: which job next, and how many threads to wake for it."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Sized
from heapq import heappop, heappush
from itertools import chain, count
from operator import itemgetter
from queue import Empty
from time import monotonic
from typing import TYPE_CHECKING, Any

from dramatiq.middleware import Interrupt

from osmod.jobs.errors import InvalidOption
from osmod.jobs.messages.options import parse_priority
from osmod.jobs.queue.interrupts import interrupt
from osmod.jobs.worker.pace import Pace

if TYPE_CHECKING:
    from dramatiq import MessageProxy
    from dramatiq.worker import _WorkQueueItem

#: Seconds for which the one thread of brisk times may stay away before jobs are taken not to be brisk.
STALL = 0.003
#: Seconds for which an idle thread waits while its worker stops.
CLOSING_PAUSE = 0.02
#: Jobs that may wait here beyond the usual number while jobs are brisk: some milliseconds' work.
MOST_AHEAD = 112


class WorkQueue:
    """Takes the place of the `PriorityQueue` that Dramatiq's worker hands jobs to its threads with.

    - **Order**: by priority, then in turns between queues, then as they came.
    - **No queue takes all threads**: where several queues are served, one of them may keep all threads but
      one busy. The last is for the others, so a slow queue does not starve them.
    - **No herd**: Python runs one thread at a time, so eight threads awake for jobs of a few microseconds
      cost several times what the jobs cost. While jobs are that brisk, one thread runs them. The moment one
      takes longer, all threads that can be used are woken; now and then it is seen whether that changed.

    `served` has as many members as queues are served.
    """

    def __init__(self, threads: int, served: Sized) -> None:
        self._threads = threads
        self._served = served
        self._lock = threading.Lock()
        self._all_done = threading.Condition(self._lock)
        self._waiting: list[tuple[int, int, int, _WorkQueueItem]] = []
        self._held_back: dict[str, list[tuple[int, int, int, _WorkQueueItem]]] = defaultdict(list)
        self._turns: dict[str, int] = {}
        self._turn = 0
        self._arrivals = count()
        self._parked: list[Any] = []
        self._gates: dict[int, Any] = {}
        self._busy: dict[int, tuple[str, float]] = {}
        self._coming = 0
        self._running: dict[str, int] = defaultdict(int)
        self._pace = Pace()
        self._last_get = monotonic()
        self._closing = self._shut = False
        self.unfinished_tasks = 0

    def put(self, item: _WorkQueueItem) -> None:
        """Add a job."""
        own = item.message.options.get("priority")
        priority = item.priority if own is None else _own_priority(own, item.priority)
        queue_name = item.message.queue_name
        with self._lock:
            turn = self._turns[queue_name] = max(self._turns.get(queue_name, 0) + 1, self._turn)
            heappush(self._waiting, (priority, turn, next(self._arrivals), item))
            self.unfinished_tasks += 1
            if self._parked and not (self._pace.brisk and (self._busy or self._coming)):
                self._wake_one()

    def get(self, block: bool = True, timeout: float | None = None) -> _WorkQueueItem:
        """The next job for the calling thread.

        Raises:
          queue.Empty: there was none within `timeout` seconds.
        """
        thread = threading.get_ident()
        with self._lock:
            if not (self._pace.brisk and self._busy and block):
                item = self._take(thread)
                if item is not None:
                    return item
            if not block:
                raise Empty
            gate = self._gates.get(thread)
            if gate is None:
                gate = self._gates[thread] = threading.Lock()
                gate.acquire()
            self._parked.append(gate)
        if self._closing:
            timeout = CLOSING_PAUSE
        woken = gate.acquire(timeout=-1 if timeout is None else timeout)
        with self._lock:
            if not woken and gate in self._parked:
                self._parked.remove(gate)
            else:
                if not woken:
                    gate.acquire()
                self._coming -= 1
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
        thread = threading.get_ident()
        with self._lock:
            self._forget(1)
            busy = self._busy.pop(thread, None)
            if busy is None:
                return
            queue_name, since = busy
            self._running[queue_name] -= 1
            if self._pace.brisk and not self._pace.job_took(monotonic() - since):
                self._not_brisk()
            if self._held_back:
                for entry in self._held_back.pop(queue_name, ()):
                    heappush(self._waiting, entry)

    def drain(self) -> list[_WorkQueueItem]:
        """Take out all jobs that no thread has begun, in order. From now on idle threads look up often."""
        with self._lock:
            self._closing = True
            while self._parked:
                self._wake_one()
            entries = sorted(chain(self._waiting, *self._held_back.values()), key=itemgetter(0, 1, 2))
            self._waiting.clear()
            self._held_back.clear()
            self._forget(len(entries))
        return [entry[3] for entry in entries]

    def shut(self) -> None:
        """Give out no more jobs, whatever comes."""
        with self._lock:
            self._shut = self._closing = True

    def interrupt(self, error: type[Interrupt]) -> None:
        """Raise an error in every thread that runs a job, inside the actor alone."""
        for thread in self.busy_threads():
            interrupt(thread, error)

    def ahead(self) -> int:
        """How many jobs more than usual may wait here: as many as were brisk of late, up to `MOST_AHEAD`."""
        return 0 if self._closing else min(MOST_AHEAD, self._pace.ended)

    def take_back(self, queue_name: str, most: int) -> list[MessageProxy]:
        """Take out up to `most` jobs of a queue that no thread has begun, those whose turn is last."""
        with self._lock:
            self._waiting += self._held_back.pop(queue_name, ())
            self._waiting.sort(key=itemgetter(0, 1, 2))
            taken = [entry for entry in self._waiting if entry[3].message.queue_name == queue_name][-most:]
            out = {entry[2] for entry in taken}
            self._waiting = [entry for entry in self._waiting if entry[2] not in out]
            self._forget(len(taken))
        return [entry[3].message for entry in taken]

    def join(self) -> None:
        """Wait until every job put is over."""
        with self._all_done:
            while self.unfinished_tasks:
                self._all_done.wait()

    def qsize(self) -> int:
        """Jobs not given to a thread yet."""
        with self._lock:
            return len(self._waiting) + sum(map(len, self._held_back.values()))

    def empty(self) -> bool:
        """Whether every job put has been given to a thread."""
        return not self.qsize()

    def busy_threads(self) -> list[int]:
        """The threads that run a job, by their identifiers."""
        with self._lock:
            return list(self._busy)

    def stalled(self) -> bool:
        """Whether jobs wait beside idle threads, or wait and are still taken to be brisk.

        Consumers ask, and call `rouse` if it stays so.
        """
        return bool(self._waiting and (self._parked or self._pace.brisk))

    def rouse(self) -> None:
        """Jobs still wait. If none was begun for `STALL` seconds they were not brisk: wake the idle threads."""
        with self._lock:
            if monotonic() - self._last_get > STALL:
                self._not_brisk()

    def _forget(self, count: int) -> None:
        self.unfinished_tasks -= count
        if not self.unfinished_tasks:
            self._all_done.notify_all()

    def _not_brisk(self) -> None:
        self._pace.slowed()
        for _ in range(min(len(self._waiting), len(self._parked))):
            self._wake_one()

    def _wake_one(self) -> None:
        # A woken thread runs only once it gets Python's lock: until then it counts as coming.
        self._coming += 1
        self._parked.pop().release()

    def _take(self, thread: int) -> _WorkQueueItem | None:
        now = monotonic()
        self._last_get = now
        while self._waiting and not self._shut:
            entry = heappop(self._waiting)
            message: Any = entry[3].message
            queue_name = message.queue_name
            most = self._threads - 1 if len(self._served) > 1 and self._threads > 1 else self._threads
            if self._running[queue_name] >= most:
                self._held_back[queue_name].append(entry)
                continue
            self._turn = entry[1]
            self._running[queue_name] += 1
            self._busy[thread] = (queue_name, now)
            message.begun = True
            if not self._pace.brisk and not self._pace.tried_again(now) and self._waiting and self._parked:
                self._wake_one()
            return entry[3]
        return None


def _own_priority(value: Any, default: int) -> int:
    try:
        return parse_priority(value)
    except InvalidOption:
        return default  # Put into Redis by something else than this broker, which would have refused it.
