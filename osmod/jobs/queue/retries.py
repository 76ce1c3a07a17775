"""A retry of a running job: stored in the step that settles the run."""

from __future__ import annotations

from typing import Any, Protocol

from dramatiq import Message
from dramatiq.common import current_millis

from osmod.jobs.messages.backoffs import retry_delay
from osmod.jobs.messages.bounds import bounded_wait
from osmod.jobs.queue.job import Job, running
from osmod.jobs.wire.queues import Queues


class Emitting(Queues, Protocol):
    """The queues, with the hooks of their middleware."""

    def emit_before(self, signal: str, *args: Any) -> None:
        """Call the `before_` hooks of a signal."""

    def emit_after(self, signal: str, *args: Any) -> None:
        """Call the `after_` hooks of a signal."""


def is_its_run(job: Job, sent: object, hooked: object) -> bool:
    """Whether a job's own run sends this: then it is a retry. Anybody else who sends its id means the job there is.

    `sent` is what is sent, `hooked` the job around whose run hooks are being called in this thread. Coroutines
    and threads that the run started with its context are that run too.
    """
    return sent is job or hooked is job or running.get() is job


def run_again(broker: Emitting, job: Job, message: Message[Any], delay: int | None) -> Message[Any]:
    """Have a running job tried again once it has ended, instead of ending it.

    Nothing is sent here: the retry is stored in the step that settles the run, so neither can be without the
    other.
    """
    message = message.copy()
    try:
        broker.emit_before("enqueue", message, delay)
        wait = bounded_wait(retry_delay(job, broker.actors.get(job.actor_name), delay or 0))
        message.options["eta"] = current_millis() + wait
        job.retry(wait, message.encode())
    except Exception:
        # Dramatiq only logs what its retries raise, and would have a job that failed count as done.
        if job._exception is not None:
            job.fail()
        raise
    broker.emit_after("enqueue", message, delay)
    return message
