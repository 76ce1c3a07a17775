"""How a worker stops: what it only had in stock goes back, what runs may end, within a set time.

A job whose thread still runs is never handed back while it does: it would start elsewhere beside itself.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
import time
import weakref
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from multiprocessing import util
from typing import TYPE_CHECKING, Any

from dramatiq import MessageProxy, Worker
from dramatiq.cli import RET_OK
from dramatiq.middleware.shutdown import Shutdown

from osmod.jobs.queue.job import Job
from osmod.jobs.worker import signals
from osmod.jobs.worker.workqueue import WorkQueue

if TYPE_CHECKING:
    from osmod.jobs.broker import JobBroker
    from osmod.jobs.queue.holdings import Holdings

_log = logging.getLogger(__name__)

#: Milliseconds that a stopping worker gives its running jobs.
DEFAULT_DRAIN = 25_000
#: Seconds that an interrupted job gets to let go.
GRACE = 2.0
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


class Drained(Shutdown):
    """Raised inside an actor that still runs when its worker's time to stop is over.

    The job is not failed and no attempt is counted: it goes back to its old place in the queue.
    """


def heed_signals(broker: JobBroker) -> None:
    """Called as a worker process boots: from now on it ends as its jobs need it."""
    requests = signals.take_over()
    if requests is not None:
        requests.let_go = partial(let_go, broker)


def begin_work(broker: JobBroker, worker: Worker) -> None:
    """Called as a worker boots."""
    requests = signals.current()
    if requests is not None and requests.orphaned():
        # Dramatiq's process would tell its parent that it has started, and wait for it to hear that, for ever.
        requests.end(RET_OK)
    broker.stopping = requests is not None and requests.asked
    broker.clinging = False
    if requests is not None:
        requests.patience = NOTICING + broker.drain / 1000 + GRACE + signals.LEAVING
    broker.work_queue = WorkQueue(worker.worker_threads, worker.consumers)
    setattr(worker, "work_queue", broker.work_queue)  # noqa: B010


def begin_draining(broker: JobBroker, worker: Any) -> None:
    """Called as a worker begins to stop: no more jobs, and back with those that no thread has begun.

    From now on the worker's threads are waited for no longer than `broker.drain`, however long the caller
    would; shorter, if the caller would. Those still running then are interrupted, once.
    """
    if not isinstance(worker, Worker):
        return  # A signal given by hand, to middleware.
    broker.stopping = True
    work_queue: Any = worker.work_queue
    patience = _Patience(broker.drain / 1000, work_queue)
    for thread in worker.workers:
        # Dramatiq joins each with the whole shutdown timeout of its command, ten minutes by default.
        setattr(thread, "join", partial(patience.join, thread))  # noqa: B010
    if isinstance(work_queue, WorkQueue):
        by_queue: dict[str, list[MessageProxy]] = defaultdict(list)
        for item in work_queue.drain():
            by_queue[item.message.queue_name].append(item.message)
        for queue_name, messages in by_queue.items():
            worker.consumers[queue_name].requeue_messages(messages)


def end_draining(broker: JobBroker, worker: Any) -> None:
    """Called when a worker has stopped. What others in this process hold is theirs.

    If jobs still run, the process ends with them. Where it is not a worker's, such as a test's, their leases
    are kept until they let go.
    """
    consumers = (
        {thread.consumer for thread in worker.consumers.values()} if isinstance(worker, Worker) else set()
    )
    running = _hand_back_unbegun(broker, lambda job: job.consumer in consumers)
    for holdings in broker.all_holdings():
        holdings.flush(broker.links, LAST_WORDS)
    for _, job in running:
        _log.warning("Job %s did not let go in time; it will be run again.", job.message_id)
    requests = signals.current()
    if requests is not None and (running or broker.clinging):
        requests.end(RET_OK)
    broker.stopping = False


def note_interruption(broker: JobBroker, job: Any, error: BaseException) -> None:
    """Called as a job ends: if because of the interruption it is not over, it goes back.

    So does one of an actor with `notify_shutdown` that lets the notification pass.
    """
    # What was interrupted may let go when its worker has stopped.
    interruption = Shutdown if broker.stopping else Drained
    if isinstance(error, interruption):
        job.hand_back()
    elif isinstance(error.__cause__, interruption):
        # Dramatiq's event loop: the coroutine was cancelled and goes on all the same.
        broker.clinging = True
        others_may_run = 0 if isinstance(error.__cause__, Drained) else broker.drain
        job.postpone(others_may_run + COROUTINE_AFTERLIFE)


def let_go(broker: JobBroker) -> None:
    """Called right before this process ends whatever runs in it: settle what can be.

    Jobs that still run after they were interrupted are postponed, so that they start when the process is gone.
    """
    broker.stopping = True
    work_queue = broker.work_queue
    if work_queue is not None:
        work_queue.shut()
        if not _wait(lambda: not work_queue.busy_threads(), LAST_CHANCE):
            work_queue.interrupt(Drained)
            _wait(lambda: not work_queue.busy_threads(), LAST_GRACE)
    for holdings, job in _hand_back_unbegun(broker):
        holdings.settle(job, (b"p", job.id, job.token, b"%d" % AFTERLIFE))
    for holdings in broker.all_holdings():
        holdings.flush(broker.links)


def release_on_exit(broker: JobBroker) -> None:
    """Hand back what no thread has begun, should this process exit without stopping its worker."""
    give_up = partial(_give_up, weakref.ref(broker), os.getpid())
    # Processes made by multiprocessing, such as Dramatiq's workers, run these and not atexit's.
    util.Finalize(None, give_up, exitpriority=100)
    atexit.register(give_up)


def _give_up(reference: weakref.ref[JobBroker], process: int) -> None:
    broker = reference()
    # A process forked from this one holds none of its leases.
    if broker is not None and os.getpid() == process:
        broker.stopping = True
        _hand_back_unbegun(broker)
        for holdings in broker.all_holdings():
            holdings.flush(broker.links, LAST_WORDS)


def _hand_back_unbegun(
    broker: JobBroker, meant: Callable[[Job], bool] = lambda job: True
) -> list[tuple[Holdings, Job]]:
    """Note that those of the jobs meant that no thread has begun go back. Returns those that run."""
    running = []
    for holdings in broker.all_holdings():
        for job in filter(meant, list(holdings.held.values())):
            if job.begun and not job.ended:
                running.append((holdings, job))
            elif not job.ended:
                holdings.settle(job, (b"h", job.id, job.token))
    return running


def _wait(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not (met := condition()) and time.monotonic() < deadline:
        time.sleep(0.005)
    return met


class _Patience:
    def __init__(self, seconds: float, work_queue: Any) -> None:
        self._deadline = time.monotonic() + seconds
        self._work_queue = work_queue
        self._interrupted = False

    def join(self, thread: threading.Thread, timeout: float | None = None) -> None:
        if timeout is not None:
            self._deadline = min(self._deadline, time.monotonic() + timeout)
        if self._ended_by(self._deadline, thread):
            return
        if not self._interrupted:
            self._interrupted = True
            if isinstance(self._work_queue, WorkQueue):
                self._work_queue.interrupt(Drained)
        self._ended_by(self._deadline + GRACE, thread)

    @staticmethod
    def _ended_by(moment: float, thread: threading.Thread) -> bool:
        # The main thread looks up now and then, for signals that were delivered to another.
        while thread.is_alive() and (left := moment - time.monotonic()) > 0:
            threading.Thread.join(thread, min(left, signals.LOOK))
        return not thread.is_alive()
