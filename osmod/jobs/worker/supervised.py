"""One worker process under `osmod.jobs.worker.supervisor`: what Dramatiq's worker process does, and recycling."""

from __future__ import annotations

import argparse
import importlib
import logging
import random
import signal
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection
from types import FrameType
from typing import Any

import psutil
from dramatiq import Broker, BrokerConnectionError, MessageProxy, Middleware, Worker
from dramatiq.cli import (
    HANDLED_SIGNALS,
    LOGFORMAT,
    RET_CONNECT,
    RET_IMPORT,
    RET_OK,
    VERBOSITY,
    import_broker,
    import_object,
)

from osmod.jobs.errors import UNUSABLE
from osmod.jobs.logs.handlers import take_over
from osmod.jobs.worker.serving import refusal
from osmod.jobs.worker.signals import STOPPING, Latch, StopRequests

_log = logging.getLogger(__name__)

#: Seconds between two looks at the process's memory.
LOOK = 1.0

#: What a process tells its supervisor: it works; it wants to be told to stop, and a successor now; it cannot do
#: what it was told to, nor could another.
READY, RETIRING, REFUSED = "ready", "retiring", "refused"


def set_up_logging(options: argparse.Namespace) -> None:
    """Log where Dramatiq's command does, every process into the same place, in our form."""
    if not options.skip_logging:
        where: dict[str, Any] = {"filename": options.log_file} if options.log_file else {"stream": sys.stderr}
        level = VERBOSITY.get(options.verbose, logging.DEBUG)
        logging.basicConfig(level=level, format=LOGFORMAT, **where)
        take_over(options.log_format, options.log_level)


class _Count(Middleware):
    """Counts the jobs that this process ran."""

    def __init__(self) -> None:
        self.jobs = 0

    def after_process_message(
        self, broker: Broker, message: MessageProxy, *, result: Any = None, exception: Any = None
    ) -> None:
        self.jobs += 1


def run_worker(options: argparse.Namespace, supervisor: Connection) -> None:
    """Run one worker process until it is told to stop, or is due to be replaced.

    Exits with Dramatiq's codes: 1 if it was asked to stop again and did so at once, 2 if a module could not be
    imported or a queue is none of the broker's, 3 if Redis could not be reached.
    """
    stop = Latch()
    requests = _listen(lambda number, frame: stop.set())
    random.seed()
    set_up_logging(options)
    for path in options.path:
        sys.path.insert(0, path)
    try:
        _, broker = import_broker(options.broker)  # type: ignore[no-untyped-call]
        broker.emit_after("process_boot")
        for module in options.modules:
            importlib.import_module(module)
        if stop.is_set():
            return
        count = _Count()
        broker.add_middleware(count)
        worker = Worker(
            broker, queues=set(options.queues) if options.queues else None, worker_threads=options.threads
        )
        if refused := refusal(worker):
            _tell(supervisor, (REFUSED, [refused], requests.patience))
            sys.exit(UNUSABLE)
        worker.start()
    except ImportError:
        _log.exception("Failed to import module.")
        sys.exit(RET_IMPORT)
    except BrokerConnectionError:
        _log.exception("Broker connection failed.")
        sys.exit(RET_CONNECT)

    forks = [f"{fork.__module__}:{fork.__name__}" for one in broker.middleware for fork in one.forks]
    _tell(supervisor, (READY, forks, requests.patience))
    process, retiring = psutil.Process(), False
    while not stop.wait(LOOK):
        if not retiring and (reason := due_reason(options, count.jobs, process.memory_info().rss)):
            _log.info("Recycling this process: %s.", reason)
            _tell(supervisor, (RETIRING, [], requests.patience))
            retiring = True
    worker.stop(timeout=options.worker_shutdown_timeout)
    broker.close()


def due_reason(options: argparse.Namespace, jobs: int, memory: int) -> str | None:
    """Why a process that ran so many jobs and holds so many bytes is due for replacement; None if not."""
    if options.recycle_jobs and jobs >= options.recycle_jobs:
        return f"it ran {jobs} jobs (limit {options.recycle_jobs})"
    megabytes = memory / 1_048_576
    if options.recycle_memory and megabytes >= options.recycle_memory:
        return f"it holds {megabytes:.0f} MB (limit {options.recycle_memory})"
    return None


def run_fork(options: argparse.Namespace, path: str) -> None:
    """Run a function that a middleware, or `--fork-function`, wants in a process of its own."""
    _listen(lambda number, frame: sys.exit(RET_OK))
    set_up_logging(options)
    for folder in options.path:
        sys.path.insert(0, folder)
    _, function = import_object(path)  # type: ignore[no-untyped-call]
    sys.exit(function())


def _listen(stop: Callable[[int, FrameType | None], object]) -> StopRequests:
    """Handle the signals of this process, which were blocked while it was made: none is lost."""
    requests = StopRequests(stop)
    # Ctrl-C goes to the supervisor, too, which passes it on.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    requests.listen(*STOPPING)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, HANDLED_SIGNALS)
    return requests


def _tell(supervisor: Connection, what: tuple[str, list[str], float]) -> None:
    try:
        supervisor.send(what)
    except OSError:
        _log.warning("The supervisor does not listen any more.")
