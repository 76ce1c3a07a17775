"""Counts jobs by queue and actor, and how long they waited and ran."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

from dramatiq import Broker, Middleware, Worker
from dramatiq.middleware import SkipMessage

from osmod.jobs.middleware.outcomes import outcome_of
from osmod.jobs.queue.job import Job
from osmod.metrics.serving import serve
from osmod.metrics.store import HandingOver, store_of
from osmod.metrics.tally import ENQUEUED, OUTCOMES, RAN, STARTED, TALLY, WAITED, Name, Tally, taking
from osmod.settings import get_settings

#: An actor that this process does not know: there may be any number of such names.
UNKNOWN = "(unknown)"


class CountSent(Middleware):
    """Counts jobs that are sent.

    Parameters:
      tally: what is counted with.
    """

    def __init__(self, tally: Tally = TALLY) -> None:
        self._tally = tally

    def after_enqueue(self, broker: Broker, message: Any, delay: int | None) -> None:
        """Count a job, unless another had its unique key, or it was sent before and is tried again."""
        if "duplicate_of" not in message.options and not message.options.get("retries"):
            self._tally.add(message.queue_name, [((ENQUEUED, _actor(broker, message)), 1)])


class CountBegun(Middleware):
    """Counts runs that begin. Put it last: what the others do not let run does not begin.

    Parameters:
      tally: what is counted with.
    """

    def __init__(self, tally: Tally = TALLY) -> None:
        self._tally = tally

    def before_process_message(self, broker: Broker, message: Any) -> None:
        """Count a run, and for how long its job has waited since it was due."""
        actor = _actor(broker, message)
        due = (
            message.due if isinstance(message, Job) and message.due is not None else message.message_timestamp
        )
        ran = message.run.ran() if isinstance(message, Job) and message.run is not None else 0.0
        waited = max(0.0, time.time() - ran - due / 1000)
        self._tally.add(message.queue_name, [((STARTED, actor), 1), *taking(waited, WAITED, actor)])


class CountEnded(Middleware):
    """Counts what became of runs, and how long they took. Put it first, so that it sees what all others made of them.

    In a worker it also tells the others of what this process counts.

    Parameters:
      tally: what is counted with.
    """

    def __init__(self, tally: Tally = TALLY) -> None:
        self._tally = tally
        self._handing_over: HandingOver | None = None

    @property
    def forks(self) -> list[Callable[[], int]]:
        """What shows the figures of workers that were told where, in a process of its own."""
        return [serve] if get_settings().metrics_port else []

    def after_worker_boot(self, broker: Broker, worker: Worker) -> None:
        """Tell the others of what is counted here, from now on."""
        self._handing_over = HandingOver(self._tally, store_of(broker))
        self._handing_over.start()

    def after_worker_shutdown(self, broker: Broker, worker: Worker) -> None:
        """Tell them the rest."""
        if self._handing_over is not None:
            self._handing_over.stop()

    def after_process_message(
        self, broker: Broker, message: Any, *, result: Any = None, exception: BaseException | None = None
    ) -> None:
        """Count a run that is over."""
        actor = _actor(broker, message)
        counted: list[tuple[Name, int]] = []
        if isinstance(message, Job):
            outcome = outcome_of(message, exception)
            if message.ran:
                counted = taking(float(message.ran.split()[0]) / 1000, RAN, actor)
        else:
            outcome = "done" if exception is None else "failed"
        if outcome in OUTCOMES:
            counted.append(((outcome, actor), 1))
        self._tally.add(message.queue_name, counted)

    def after_skip_message(self, broker: Broker, message: Any) -> None:
        """Count what became of a job that a middleware did not let run."""
        if isinstance(message, Job):
            self._ended(broker, message, outcome_of(message, sys.exception() or SkipMessage()))

    def after_nack(self, broker: Broker, message: Any) -> None:
        """Count a job that failed before any thread took it up."""
        if isinstance(message, Job) and not message.begun:
            self._ended(broker, message, "failed")

    def _ended(self, broker: Broker, message: Any, outcome: str) -> None:
        if outcome in OUTCOMES:
            self._tally.add(message.queue_name, [((outcome, _actor(broker, message)), 1)])


def count_sent(broker: Broker) -> None:
    """Have a broker count the jobs that this process sends, if it does not yet."""
    if not _has(broker, CountSent):
        broker.add_middleware(CountSent())


def count_runs(broker: Broker) -> None:
    """Have a broker count the jobs that this process runs, and sends, if it does not yet."""
    count_sent(broker)
    if not _has(broker, CountEnded):
        broker.add_middleware(CountEnded(), before=type(broker.middleware[0]))
        broker.add_middleware(CountBegun())


def _has(broker: Broker, kind: type[Middleware]) -> bool:
    return any(isinstance(one, kind) for one in broker.middleware)


def _actor(broker: Broker, message: Any) -> str:
    return message.actor_name if message.actor_name in broker.actors else UNKNOWN
