"""One log line for each run of a job that is over: what became of it, and why."""

from __future__ import annotations

import logging
import sys
import time
from traceback import format_exception
from typing import Any

from dramatiq import Broker, Middleware, RateLimitExceeded, Retry
from dramatiq.middleware import Retries

from osmod.jobs.errors import PutOff
from osmod.jobs.logs.handlers import leave_out_dramatiqs
from osmod.jobs.logs.saying import said, secrets_of
from osmod.jobs.messages.arguments import described, scrubbed
from osmod.jobs.middleware.control import Cancelled, CancelledBefore
from osmod.jobs.queue import settlements
from osmod.jobs.queue.job import Job

_log = logging.getLogger(__name__)
_done = _log.getChild("done")


class OutcomeLog(Middleware):
    """Logs the runs that do not simply succeed, in place of what Dramatiq says of them.

    Failed and retried jobs are warnings; cancelled, interrupted and skipped ones, and retries that an actor asked
    for, are information; those that wait for their rate, or put themselves off, are for debugging. Lines carry
    `job`, `actor`, `call` (the arguments, without what is sensitive), `attempt`, `waited_ms` (from when it was due to
    its start) and `ran_ms`.

    Put it first, so that it sees what all others made of a run. It acts in processes that run jobs.

    Parameters:
      done: whether jobs that are done have a line, too: they may be tens of thousands a second. At DEBUG they have.
    """

    #: As those, it has nothing to do with a job that carries no options and succeeds.
    rests_as = Retries

    def __init__(self, *, done: bool = False) -> None:
        self._with_done = done

    def after_process_boot(self, broker: Broker) -> None:
        """Have Dramatiq's lines left out, and those of jobs that are done written, if anybody would read them."""
        leave_out_dramatiqs()
        if (self._with_done or _log.isEnabledFor(logging.DEBUG)) and _done.isEnabledFor(logging.INFO):
            broker.add_middleware(DoneLog(), before=OutcomeLog)

    def after_process_message(
        self, broker: Broker, message: Any, *, result: Any = None, exception: BaseException | None = None
    ) -> None:
        """Log what became of a run that raised something, or goes back."""
        if message.__class__ is Job and (exception is not None or message.untouched):
            _tell(message, exception)

    def after_skip_message(self, broker: Broker, message: Any) -> None:
        """Log what became of a job that a middleware did not let run."""
        if message.__class__ is Job:
            _tell(message, sys.exception())  # Dramatiq keeps it with the message only where that fails.

    def after_nack(self, broker: Broker, message: Any) -> None:
        """Log jobs that failed before any thread took them up: nobody here knows their actor."""
        if message.__class__ is Job and not message.begun:
            _tell(message, message._exception)


class DoneLog(Middleware):
    """Logs the jobs that are done. It costs each of them a line, so it is only there where that is wanted."""

    def after_process_message(
        self, broker: Broker, message: Any, *, result: Any = None, exception: BaseException | None = None
    ) -> None:
        """Log a run that succeeded."""
        if message.__class__ is Job and exception is None and not message.untouched:
            _done.info("Job done.", extra={"outcome": "done", **_fields(message)})


def _tell(job: Job, error: BaseException | None) -> None:
    level, outcome, sentence = _outcome(job, error)
    if not _log.isEnabledFor(level):
        return
    hidden = secrets_of(job)
    reason = said(error, hidden) if error is not None else "no reason given"
    fields = {"outcome": outcome, "reason": reason, **_fields(job)}
    if error is not None and _log.isEnabledFor(logging.DEBUG):
        fields["exception"] = scrubbed("".join(format_exception(error)), hidden)
    _log.log(level, "%s: %s", sentence, reason, extra=fields)


def outcome_of(job: Job, error: BaseException | None) -> str:
    """What became of a run that raised this, or nothing, in the word that its line has."""
    if error is None and job.settlement is None and not job.failed:
        return "done"
    return _outcome(job, error)[1]


def _outcome(job: Job, error: BaseException | None) -> tuple[int, str, str]:
    """The level of a run's line, its outcome in a word, and the beginning of the sentence."""
    kind, *rest = job.settlement or (b"",)
    if kind == settlements.HANDED_BACK:
        return logging.INFO, "interrupted", "Job interrupted, back to its place in the queue"
    if kind == settlements.POSTPONED:
        by_itself = isinstance(error, PutOff) or not job.ran
        level = logging.DEBUG if by_itself else logging.INFO
        return level, "postponed", f"Job postponed by {_seconds(rest[2])}"
    if isinstance(error, (Cancelled, CancelledBefore)):
        return logging.INFO, "cancelled", "Job cancelled"
    if job.failed:
        return logging.WARNING, "failed", "Job failed"
    if kind == settlements.RETRIED:
        asked_for = isinstance(error, (Retry, RateLimitExceeded))
        level = logging.INFO if asked_for else logging.WARNING
        return level, "retried", f"Job failed, again in {_seconds(rest[2])}"
    return logging.INFO, "skipped", "Job skipped"


def _seconds(millis: bytes) -> str:
    return f"{int(millis) / 1000:.3g} s"


def _fields(job: Job) -> dict[str, Any]:
    ran = float(job.ran.split()[0]) if job.ran else 0.0
    due = job.due if isinstance(job.due, (int, float)) else job.message_timestamp
    retries = job.retries if isinstance(job.retries, int) else 0
    return {
        "call": described(job.consumer.broker.actors.get(job.actor_name), job),
        "attempt": retries + 1,
        "waited_ms": max(0, round(time.time() * 1000 - ran - due)),
        "ran_ms": ran,
        "job": job.message_id,
        "actor": job.actor_name,
    }
