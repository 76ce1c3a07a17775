"""What surrounds a job while it runs: it is known as the current one, can report, and can be stopped."""

from __future__ import annotations

import logging
import threading
from functools import partial
from threading import get_ident
from time import perf_counter
from typing import Any

from dramatiq import Middleware, Worker
from dramatiq.middleware import Interrupt, SkipMessage

from osmod.jobs.errors import JobRefused
from osmod.jobs.middleware.loop_watch import LoopWatch
from osmod.jobs.middleware.reports import Reports
from osmod.jobs.middleware.results import keeping_result
from osmod.jobs.middleware.watch import Watch
from osmod.jobs.queue.custody import Custodian
from osmod.jobs.queue.interrupts import interrupt
from osmod.jobs.queue.job import Job, running

_log = logging.getLogger(__name__)

#: Seconds that a job has run when its beginning and its thread are written to its record.
LONG = 1.0


class Cancelled(Interrupt):
    """Raised in the thread of a running job that was cancelled, as `TimeLimitExceeded` is."""


class CancelledBefore(SkipMessage):
    """A job was cancelled before it began."""


class JobControl(Middleware):
    """Makes `current_job()` work, cancels running jobs, and tells of this process while it works.

    Each worker process has one thread for it, which asks Redis twice a second while jobs are running and
    gives a sign of life every five seconds. A cancelled job has `Cancelled` raised in its thread; like a time
    limit that cannot interrupt a blocking system call. It is not retried.

    Actor options:
      keep_result: keep what the actor returns with the job's record, as JSON of at most 64,000 characters.
      sensitive: names of arguments that are masked wherever they are shown.
      index: names of arguments by which jobs are found at once, however many there are.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[int, tuple[Job, float]] = {}
        #: The names of threads, by their numbers.
        self._names: dict[int, bytes] = {}
        self._noted: set[int] = set()
        self._reports: Reports | None = None
        self._watch: Watch | None = None
        self._loop_watch = LoopWatch()
        self._workers = 0

    @property
    def actor_options(self) -> set[str]:
        """The options that actors may carry for it."""
        return {"keep_result", "sensitive", "index"}

    def after_declare_actor(self, broker: Any, actor: Any) -> None:
        """Have the actor's result noted, where it asks for that."""
        if actor.options.get("keep_result"):
            actor.fn = keeping_result(broker, actor.fn)

    def before_worker_boot(self, broker: Any, worker: Worker) -> None:
        """Take the reports of jobs that run as coroutines."""
        self._reports = broker.custody.reports = self._reports or Reports(broker)

    def after_worker_boot(self, broker: Any, worker: Worker) -> None:
        """Start to watch over this process's jobs."""
        with self._lock:
            self._workers += 1
            self._names.clear()
            if self._watch is None:
                self._watch = Watch(broker, worker, self)
                self._watch.start()

    def after_worker_shutdown(self, broker: Any, worker: Worker) -> None:
        """Watch over this process's jobs no more."""
        with self._lock:
            self._workers -= 1
            watch = None
            if self._workers <= 0:
                watch, self._watch = self._watch, None
        if watch is not None:
            watch.stop()

    def before_process_message(self, broker: Any, message: Any) -> None:
        """Note which thread runs the job.

        Raises:
          CancelledBefore: it was cancelled meanwhile.
          JobRefused: whoever sent it knew that it cannot run, and why.
        """
        if message.__class__ is not Job:
            return
        if self._reports is None:
            self._reports = Reports(broker)
        message.reports = self._reports
        running.set(message)
        came_about = message.came_about or message.run is not None
        if broker.custody.is_unwanted(message) and not came_about:
            message.fail()
            raise CancelledBefore(f"{message.message_id} was cancelled before it started")
        began = perf_counter() if message.run is None else message.run.began
        self._running[get_ident()] = (message, began)
        if "refused" in message.options:
            raise JobRefused(str(message.options["refused"]))

    def after_process_message(
        self, broker: Any, message: Any, *, result: Any = None, exception: BaseException | None = None
    ) -> None:
        """Note that the thread runs it no more; write what it said last."""
        if message.__class__ is not Job:
            return
        running.set(None)
        thread = get_ident()
        began = self._running.pop(thread, None)
        if began is not None:
            name = self._names.get(thread) or self._name(thread)
            message.ran = b" %.1f %b" % ((perf_counter() - began[1]) * 1000, name)
        if exception is not None and message.options.get("throws") is Cancelled:
            if isinstance(exception, Cancelled):
                message.fail()
            else:
                # Raised in its stead. Should it be retried, the message must be one that can be written.
                del message.options["throws"]
        if self._reports is not None and self._reports.told:
            self._reports.last_words(message)

    def after_skip_message(self, broker: Any, message: Any) -> None:
        """Note that the thread runs nothing."""
        self.after_process_message(broker, message)

    @property
    def busy(self) -> int:
        """How many threads of this process are running a job."""
        return sum(job.run is None for job, _ in self._running.copy().values())

    def coroutines(self, broker: Custodian) -> int:
        """How many jobs run in it without a thread each."""
        return len(_coroutines(broker))

    def look_after(self, broker: Custodian) -> None:
        """Write what jobs reported, stop those that are to be stopped, and see whether the loop turns.

        Raises:
          ServerError, redis.RedisError, OSError: Redis is away.
        """
        reports = self._reports
        if reports is None:
            return
        now = perf_counter()
        running = self._running.copy().items()
        threads = [(job, began, ident) for ident, (job, began) in running if job.run is None]
        coroutines = [(job, job.run.began, None) for job in _coroutines(broker) if job.run is not None]
        self._loop_watch.look(len(coroutines))
        long = [one for one in (*threads, *coroutines) if now - one[1] > LONG]
        for job, began, ident in long:
            if id(job) not in self._noted:
                reports.running(job, now - began, self._name(ident).decode() if ident else "")
        self._noted = {id(job) for job, *_ in long}
        busy = {holdings.queue_name for holdings in broker.custody.all_holdings() if holdings.held}
        unwanted: dict[str, bytes] = {}
        for queue_name in busy | reports.queues():
            unwanted |= reports.write(queue_name)
        broker.custody.unwanted = unwanted
        if unwanted:
            self._interrupt(broker)
            for job in _coroutines(broker):
                if broker.custody.is_unwanted(job) and job.run is not None and _claim(job):
                    job.run.stop(Cancelled())

    def report(self, broker: Custodian) -> None:
        """Write what jobs reported.

        Raises:
          ServerError, redis.RedisError, OSError: Redis is away.
        """
        if self._reports is not None:
            for queue_name in self._reports.queues():
                self._reports.write(queue_name)

    def _name(self, ident: int) -> bytes:
        name = self._names.get(ident)
        if name is None:
            # Another thread may have had the number before, in a worker that was stopped.
            alive = {thread.ident: thread.name for thread in threading.enumerate()}
            name = self._names[ident] = alive.get(ident, "").encode()
        return name

    def _interrupt(self, broker: Custodian) -> None:
        for thread_id, (job, _) in self._running.copy().items():
            if broker.custody.is_unwanted(job):
                interrupt(thread_id, Cancelled, partial(self._claim, thread_id, job))

    def _claim(self, thread_id: int, job: Job) -> bool:
        now_running = self._running.get(thread_id)
        return now_running is not None and now_running[0] is job and _claim(job)


def _claim(job: Job) -> bool:
    """Whether it is to be interrupted now: it was not before."""
    if job.options.get("throws") is Cancelled:
        return False
    # To the worker it is an expected exception, to `Retries` one that ends the job.
    job.options["throws"] = Cancelled
    return True


def _coroutines(broker: Custodian) -> list[Job]:
    """The jobs of this process that run as coroutines."""
    holdings = broker.custody.all_holdings()
    return [
        job for one in holdings for job in list(one.held.values()) if job.run is not None and not job.ended
    ]
