"""How a worker stops: what it only had in stock goes back, what runs may end, within a set time."""

from __future__ import annotations

import atexit
import logging
import os
import threading
import time
import weakref
from collections import defaultdict
from functools import partial
from multiprocessing import util
from typing import TYPE_CHECKING, Any

from dramatiq import MessageProxy, Worker
from dramatiq.middleware import raise_thread_exception
from dramatiq.middleware.shutdown import Shutdown

from osmod.jobs.workqueue import WorkQueue

if TYPE_CHECKING:
    from osmod.jobs.broker import JobBroker

_log = logging.getLogger(__name__)

#: Milliseconds that a stopping worker gives its running jobs.
DEFAULT_DRAIN = 25_000
#: Seconds that an interrupted job gets to let go.
GRACE = 2.0
#: Seconds that a process on its way out tries to tell Redis so.
LAST_WORDS = 1.0


class Drained(Shutdown):
    """Raised inside an actor that still runs when its worker's time to stop is over.

    The job is not failed and no attempt is counted: it goes back to its old place in the queue.
    """


def begin_draining(broker: JobBroker, worker: Any) -> None:
    """Called as a worker begins to stop: no more jobs, and back with those that no thread has begun.

    From now on the worker's threads are waited for no longer than `broker.drain`, however long the caller
    would. Those still running then are interrupted, once.
    """
    if not isinstance(worker, Worker):
        return  # A signal given by hand, to middleware.
    broker.stopping = True
    work_queue: Any = worker.work_queue
    if isinstance(work_queue, WorkQueue):
        by_queue: dict[str, list[MessageProxy]] = defaultdict(list)
        for item in work_queue.drain():
            by_queue[item.message.queue_name].append(item.message)
        for queue_name, messages in by_queue.items():
            worker.consumers[queue_name].requeue_messages(messages)
    patience = _Patience(broker.drain / 1000, work_queue)
    for thread in worker.workers:
        # Dramatiq joins each with the whole shutdown timeout of its command, ten minutes by default.
        setattr(thread, "join", partial(patience.join, thread))  # noqa: B010


def end_draining(broker: JobBroker) -> None:
    """Called when a worker has stopped: give up the leases of jobs whose threads could not be stopped."""
    for holdings in broker.all_holdings():
        for job in holdings.release():
            _log.warning("Job %s did not let go in time; it will be run again.", job.message_id)
        holdings.flush(broker.links, LAST_WORDS)
    broker.stopping = False


class _Patience:
    def __init__(self, seconds: float, work_queue: Any) -> None:
        self._deadline = time.monotonic() + seconds
        self._work_queue = work_queue
        self._interrupted = False

    def join(self, thread: threading.Thread, timeout: float | None = None) -> None:
        left = max(0.0, self._deadline - time.monotonic())
        threading.Thread.join(thread, left if timeout is None else min(timeout, left))
        if time.monotonic() < self._deadline:
            return
        if not self._interrupted:
            self._interrupted = True
            for busy in getattr(self._work_queue, "busy_threads", list)():
                raise_thread_exception(busy, Drained)  # type: ignore[no-untyped-call]
        threading.Thread.join(thread, max(0.0, self._deadline + GRACE - time.monotonic()))


def release_on_exit(broker: JobBroker) -> None:
    """Give up all leases should this process exit without stopping its worker, as on a second SIGTERM."""
    give_up = partial(_give_up, weakref.ref(broker), os.getpid())
    # Processes made by multiprocessing, such as Dramatiq's workers, run these and not atexit's.
    util.Finalize(None, give_up, exitpriority=100)
    atexit.register(give_up)


def _give_up(reference: weakref.ref[JobBroker], process: int) -> None:
    broker = reference()
    # A process forked from this one holds none of its leases.
    if broker is not None and os.getpid() == process:
        broker.stopping = True
        for holdings in broker.all_holdings():
            holdings.release()
            holdings.flush(broker.links, LAST_WORDS)
