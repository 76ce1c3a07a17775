"""Jobs that run as coroutines, many at once without a thread each, and the one thread that sees to their ends."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable
from functools import partial, wraps
from math import inf
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from dramatiq import Broker, MessageProxy, Worker
from dramatiq.middleware import CurrentMessage, Interrupt, TimeLimit
from dramatiq.worker import WorkerThread

from osmod.jobs.messages.time_limits import time_limit
from osmod.jobs.queue.coroutines import CoroutineRun
from osmod.jobs.queue.job import Job, running
from osmod.jobs.worker.hook_table import looks_first
from osmod.jobs.worker.line import Line
from osmod.loop import the_loop

if TYPE_CHECKING:
    from dramatiq.worker import _WorkQueueItem


class Coroutines:
    """The jobs of this worker that run as coroutines. Of each actor no more run at once than its `concurrency`.

    Where each is over it is given out by `get`, as by a work queue, to a thread that takes it through its end: the
    hooks of all middleware, in which the actor's function has nothing left to do, and what Redis is told.

    Parameters:
      ended: called once that is done, for each job.
      to_threads: takes a job that is to run in a thread after all.
    """

    def __init__(
        self, broker: Broker, ended: Callable[[], None], to_threads: Callable[[_WorkQueueItem], None]
    ) -> None:
        self._broker: Any = broker
        self._told = ended
        self._to_threads = to_threads
        self._looked_at_first = any(map(looks_first, broker.middleware))
        options = {name: actor.options for name, actor in broker.actors.items()}
        #: Of each actor with coroutines, how many may run.
        self._most: dict[str, int] = {
            name: one["concurrency"] for name, one in options.items() if one.get("concurrency")
        }
        limits = (one.time_limit for one in broker.middleware if isinstance(one, TimeLimit))
        self._limit = next(limits, inf)
        #: Dramatiq's that says inside an actor which message is at work: its hooks come late for a coroutine.
        self._current: list[Any] = [one for one in broker.middleware if type(one) is CurrentMessage]
        self._lock = threading.Lock()
        self._waiting: dict[str, Line] = defaultdict(Line)
        self._running: dict[str, int] = defaultdict(int)
        self._starting: list[_WorkQueueItem] = []
        self._ended: SimpleQueue[_WorkQueueItem] = SimpleQueue()
        #: Those begun whose end is not seen to.
        self._begun: dict[int, Job] = {}

    def __bool__(self) -> bool:
        """Whether any actor has coroutines."""
        return bool(self._most)

    def put(self, item: _WorkQueueItem) -> bool:
        """Take a job that is to run as a coroutine, now or when another has ended. False: it needs a thread."""
        job: Any = item.message
        most = self._most.get(job.actor_name)
        if most is None or not self._may_run(job):
            return False
        with self._lock:
            if self._running[job.actor_name] < most:
                self._begin(item)
            else:
                self._waiting[job.actor_name].put(item)
        return True

    def get(self, timeout: float | None = None) -> _WorkQueueItem:
        """The next job whose coroutine has ended.

        Raises:
          queue.Empty: there was none within `timeout` seconds.
        """
        return self._ended.get(timeout=timeout)

    def task_done(self) -> None:
        """The end of a job that was given out is seen to."""
        self._told()

    def over(self, job: Any) -> None:
        """The end of this one is."""
        with self._lock:
            del self._begun[id(job)]

    @property
    def unfinished(self) -> int:
        """How many were begun whose end is not seen to."""
        return len(self._begun)

    @property
    def waiting(self) -> int:
        """How many have not begun."""
        return sum(map(len, self._waiting.copy().values()))

    def running(self, queue_name: str) -> int:
        """How many of a queue's run."""
        counted = self._running.copy().items()
        return sum(count for name, count in counted if self._broker.actors[name].queue_name == queue_name)

    def stop(self, error: type[Interrupt]) -> None:
        """Cancel those that run; each ends with an error of this class."""
        with self._lock:
            runs = [job.run for job in self._begun.values() if job.run is not None]
        for run in runs:
            run.stop(error())

    def take_back(self, queue_name: str, most: int) -> list[_WorkQueueItem]:
        """Take out up to `most` jobs of a queue that have not begun, those whose turn is last."""
        taken: list[_WorkQueueItem] = []
        with self._lock:
            for waiting in self._waiting.values():
                if most > len(taken):
                    taken += waiting.take_last(queue_name, most - len(taken))
        return taken

    def take_all(self) -> list[_WorkQueueItem]:
        """Take out all that have not begun."""
        with self._lock:
            return [item for waiting in self._waiting.values() for item in waiting.take_all()]

    def _begin(self, item: _WorkQueueItem) -> None:
        job: Any = item.message
        job.begun = True
        self._running[job.actor_name] += 1
        self._begun[id(job)] = job
        self._starting.append(item)
        if len(self._starting) == 1:
            the_loop().call_soon_threadsafe(self._start)

    def _start(self) -> None:
        with self._lock:
            items, self._starting = self._starting, []
        for item in items:
            job: Any = item.message
            if not self._may_run(job):  # any more: it has waited
                with self._lock:
                    del self._begun[id(job)]
                self._make_room(job.actor_name)
                self._to_threads(item)
                continue
            actor = self._broker.actors[job.actor_name]
            function: Any = actor.fn
            limit = time_limit(job.options, actor.options, self._limit)
            job.reports = self._broker.custody.reports
            self._is_current(job)
            suspects = self._broker.custody.suspects
            first = suspects.begin_coroutine if job.suspect is not None or job.lost else None
            job.run = CoroutineRun(job, function.coroutine, limit, partial(self._give_out, item), first)
        self._is_current(None)

    def _is_current(self, job: Any) -> None:
        """What begins from now on belongs to this job."""
        running.set(job)
        for middleware in self._current:
            middleware.before_process_message(self._broker, job)

    def _give_out(self, item: _WorkQueueItem, _: object) -> None:
        self._make_room(item.message.actor_name)
        self._ended.put(item)

    def _make_room(self, name: str) -> None:
        with self._lock:
            self._running[name] -= 1
            for item in self._waiting[name].take_first(1, lambda job: True):
                self._begin(item)

    def _may_run(self, job: Any) -> bool:
        """Whether a job may run as a coroutine: not if somebody is to look at it before it begins."""
        return (
            job.__class__ is Job
            and job.plain
            and not (self._looked_at_first or job.failed)
            and "refused" not in job.options
            and not self._broker.custody.is_unwanted(job)
        )


class CoroutineThread(WorkerThread):
    """Sees to the ends of coroutines, one after the other. Once it is to stop, it does when there is none left."""

    work_queue: Any

    @classmethod
    def begin(cls, worker: Worker, coroutines: Any) -> CoroutineThread:
        """Start that of a worker."""
        thread = cls(
            broker=worker.broker,
            consumers=worker.consumers,
            work_queue=coroutines,
            worker_timeout=worker.worker_timeout,
        )
        thread.start()
        return thread

    @property
    def running(self) -> bool:
        """Whether it goes on."""
        return self._wanted or self.work_queue.unfinished > 0

    @running.setter
    def running(self, wanted: bool) -> None:
        self._wanted = wanted

    def process_message(self, message: MessageProxy) -> None:
        """See to the end of a job."""
        try:
            super().process_message(message)
        finally:
            self.work_queue.over(message)


def in_coroutines(function: Callable[..., Any]) -> Callable[..., Any]:
    """An actor's function that ends as the job's coroutine has, where it had one."""
    if not hasattr(function, "coroutine"):
        return function

    @wraps(function)
    def end(*args: Any, **kwargs: Any) -> Any:
        job = running.get()
        if job is None or job.run is None:
            return function(*args, **kwargs)
        return job.run.result()

    return end
