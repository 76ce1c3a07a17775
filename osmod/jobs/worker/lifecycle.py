"""How a worker starts and stops: what it only had in stock goes back, what runs may end, within a set time.

A job whose thread still runs is never handed back while it does: it would start elsewhere beside itself.
"""

from __future__ import annotations

import atexit
import gc
import logging
import os
import time
import weakref
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from multiprocessing import util
from typing import Any

from dramatiq import MessageProxy, Worker
from dramatiq.cli import RET_OK
from dramatiq.middleware.shutdown import Shutdown

from osmod.jobs.errors import PutOff, end_process
from osmod.jobs.queue.custody import Custody
from osmod.jobs.queue.holdings import Holdings
from osmod.jobs.queue.job import Job
from osmod.jobs.queue.settlements import handed_back, postponed
from osmod.jobs.worker import signals
from osmod.jobs.worker.batches import take_batches
from osmod.jobs.worker.coroutines import CoroutineThread
from osmod.jobs.worker.no_delays import NoDelays
from osmod.jobs.worker.patience import GRACE, Drained, Patience
from osmod.jobs.worker.serving import refusal
from osmod.jobs.worker.two_ways import TwoWays
from osmod.jobs.worker.workqueue import WorkQueue

_log = logging.getLogger(__name__)

#: Milliseconds that a stopping worker gives its running jobs.
DEFAULT_DRAIN = 25_000
#: Objects made until garbage is looked for among them, for which Python has 700: then each look meets what hundreds of
#: jobs still use, and all looks together take a tenth of a busy process's time.
YOUNG = 10_000
#: Seconds that a process on its way out tries to tell Redis so.
LAST_WORDS = 1.0
#: Seconds until a worker process that is asked to stop begins to: Dramatiq's sleeps so long.
NOTICING = 1.0
#: Seconds that jobs get to end, and then to let go, in a process that ends at once.
LAST_CHANCE, LAST_GRACE = 0.1, 0.35
#: Milliseconds after which a job starts elsewhere whose process ends beneath it.
AFTERLIFE = 1_000
#: The same for one whose coroutine goes on though it was cancelled: its process takes longer to end.
COROUTINE_AFTERLIFE = 5_000


class Lifecycle:
    """The start and the stop of this process's worker, as Dramatiq's signals tell of them.

    Attributes:
      drain: milliseconds that a stopping worker gives its running jobs.
      stopping: whether the worker stops: no job is begun any more.
      work_queue: from which the worker's threads take jobs, once there was a worker.
    """

    def __init__(self, custody: Custody, drain: int) -> None:
        self._custody = custody
        custody.suspects.stopping = lambda: self.stopping
        self.drain = drain
        self.stopping = False
        self.work_queue: TwoWays | None = None
        #: Whether a coroutine went on though it was cancelled.
        self._clinging = False

    def hooks(self) -> dict[str, Callable[..., None]]:
        """What is done on Dramatiq's signals, before any middleware is asked, by the names of its hooks."""
        return {
            "after_process_boot": self._boot,
            "before_worker_boot": self._begin_work,
            "before_worker_shutdown": self._begin_draining,
            "after_worker_shutdown": self._end_draining,
            "before_process_message": self._begin_job,
            "after_process_message": self._note_return,
            "after_consumer_thread_boot": self._take_delays,
            "after_worker_thread_boot": take_batches,
        }

    def release_on_exit(self) -> None:
        """Hand back what no thread has begun, should this process exit without stopping its worker."""
        give_up = partial(_give_up, weakref.ref(self), os.getpid())
        # Processes made by multiprocessing, such as Dramatiq's workers, run these and not atexit's.
        util.Finalize(None, give_up, exitpriority=100)
        atexit.register(give_up)

    def give_up(self) -> None:
        """Begin no more jobs, hand back those that no thread has begun, and tell Redis what is to be told."""
        self.stopping = True
        self._hand_back_unbegun()
        self._custody.flush(LAST_WORDS)

    def _boot(self) -> None:
        """A worker process has loaded all that it needs: from now on it ends as its jobs need it."""
        requests = signals.take_over()
        if requests is not None:
            requests.let_go = self._let_go
            # What is there now stays: nobody needs to look through it for garbage, again and again, between the jobs.
            gc.collect()
            gc.freeze()
            gc.set_threshold(YOUNG)

    def _begin_work(self, worker: Worker) -> None:
        if not isinstance(worker, Worker):
            return  # A signal given by hand, to middleware.
        requests = signals.current()
        if requests is not None and requests.orphaned():
            # Dramatiq's process would tell its parent that it has started, and wait for it to hear that, for ever.
            requests.end(RET_OK)
        if requests is not None and (refused := refusal(worker)):
            end_process(refused)
        self.stopping = requests is not None and requests.asked
        self._clinging = False
        if requests is not None:
            requests.patience = NOTICING + self.drain / 1000 + GRACE + signals.LEAVING
        self.work_queue = TwoWays(worker.worker_threads, worker.consumers, worker.broker)
        setattr(worker, "work_queue", self.work_queue)  # noqa: B010
        if self.work_queue.coroutines:
            worker.workers.append(CoroutineThread.begin(worker, self.work_queue.coroutines))

    @staticmethod
    def _take_delays(consumer_thread: Any) -> None:
        setattr(consumer_thread, "delay_queue", NoDelays())  # noqa: B010

    def _begin_job(self, job: Any) -> None:
        # One that ran as a coroutine has begun long ago: what has become of its lease, its settlement meets.
        if job.__class__ is Job and job.run is None and (job.suspect is not None or job.lost):
            self._custody.suspects.begin(job)

    def _begin_draining(self, worker: Any) -> None:
        """A worker begins to stop: no more jobs, and back with those that no thread has begun.

        From now on the worker's threads are waited for no longer than `drain`, however long the caller would;
        shorter, if the caller would. Those still running then are interrupted, once.
        """
        if not isinstance(worker, Worker):
            return
        self.stopping = True
        work_queue: Any = worker.work_queue
        patience = Patience(self.drain / 1000, work_queue)
        for thread in worker.workers:
            # Dramatiq joins each with the whole shutdown timeout of its command, ten minutes by default.
            setattr(thread, "join", partial(patience.join, thread))  # noqa: B010
        if isinstance(work_queue, WorkQueue):
            by_queue: dict[str, list[MessageProxy]] = defaultdict(list)
            for item in work_queue.drain():
                by_queue[item.message.queue_name].append(item.message)
            for queue_name, messages in by_queue.items():
                worker.consumers[queue_name].requeue_messages(messages)

    def _end_draining(self, worker: Any) -> None:
        """A worker has stopped. What others in this process hold is theirs.

        If jobs still run, the process ends with them. Where it is not a worker's, such as a test's, their leases
        are kept until they let go.
        """
        threads = worker.consumers.values() if isinstance(worker, Worker) else ()
        consumers: set[Any] = {thread.consumer for thread in threads}
        running = self._hand_back_unbegun(lambda job: job.consumer in consumers)
        self._custody.flush(LAST_WORDS)
        for _, job in running:
            _log.warning("Job %s did not let go in time; it will be run again.", job.message_id)
        requests = signals.current()
        if requests is not None and (running or self._clinging):
            requests.end(RET_OK)
        self.stopping = False

    def _note_return(
        self, job: Any, *, result: object = None, exception: BaseException | None = None
    ) -> None:
        """A job ends: if it put itself off, or was interrupted and is not over, it goes back.

        So does one of an actor with `notify_shutdown` that lets the notification pass.
        """
        if exception is None or job.__class__ is not Job:
            return
        if isinstance(exception, PutOff):
            job.postpone(exception.millis, exception.reason)
            return
        # What was interrupted may let go when its worker has stopped.
        interruption = Shutdown if self.stopping else Drained
        if isinstance(exception, interruption):
            job.hand_back()
        elif isinstance(exception.__cause__, interruption):
            # Dramatiq's event loop: the coroutine was cancelled and goes on all the same.
            self._clinging = True
            others_may_run = 0 if isinstance(exception.__cause__, Drained) else self.drain
            job.postpone(others_may_run + COROUTINE_AFTERLIFE)

    def _let_go(self) -> None:
        """Called right before this process ends whatever runs in it: settle what can be.

        Jobs that still run after they were interrupted are postponed, so that they start when the process is gone.
        """
        self.stopping = True
        work_queue = self.work_queue
        if work_queue is not None:
            work_queue.shut()
            if not _wait(lambda: not work_queue.is_busy(), LAST_CHANCE):
                work_queue.interrupt(Drained)
                _wait(lambda: not work_queue.is_busy(), LAST_GRACE)
        for holdings, job in self._hand_back_unbegun():
            holdings.settle(job, postponed(job.id, job.token, AFTERLIFE))
        self._custody.flush()

    def _hand_back_unbegun(
        self, meant: Callable[[Job], bool] = lambda job: True
    ) -> list[tuple[Holdings, Job]]:
        """Note that those of the jobs meant that no thread has begun go back. Returns those that run."""
        running = []
        for holdings in self._custody.all_holdings():
            for job in filter(meant, list(holdings.held.values())):
                if job.begun and not job.ended:
                    running.append((holdings, job))
                elif not job.ended:
                    holdings.settle(job, handed_back(job.id, job.token))
        return running


def _give_up(reference: weakref.ref[Lifecycle], process: int) -> None:
    lifecycle = reference()
    # A process forked from this one holds none of its leases.
    if lifecycle is not None and os.getpid() == process:
        lifecycle.give_up()


def _wait(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not (met := condition()) and time.monotonic() < deadline:
        time.sleep(0.005)
    return met
