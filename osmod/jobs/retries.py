"""When and how a failed job is tried again.

`backoff` on an actor or a message says how long to wait: a number of milliseconds (fixed), `"fixed"` or
`"exponential"` with `min_backoff` as the first wait, `{"type": "exponential", "delay": 500}` as in Kue, or
on an actor a function of the number of attempts made that returns milliseconds. Exponential waits carry
jitter. `max_backoff` is the ceiling of all. Without `backoff`, Dramatiq's own `Retries` decides.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from dramatiq import Actor, Message, Retry
from dramatiq.middleware.retries import DEFAULT_MAX_BACKOFF, DEFAULT_MIN_BACKOFF

from osmod.jobs.bounds import bounded_wait
from osmod.jobs.current import running
from osmod.jobs.job import Job
from osmod.jobs.options import parse_backoff

if TYPE_CHECKING:
    from osmod.jobs.broker import JobBroker


def is_its_run(job: Job, sent: object, hooked: object) -> bool:
    """Whether a job's own run sends this: then it is a retry. Anybody else who sends its id means the job there is.

    `sent` is what is sent, `hooked` the job around whose run hooks are being called in this thread. Coroutines
    and threads that the run started with its context are that run too.
    """
    at_work = running.get()
    return sent is job or hooked is job or (at_work is not None and at_work[0] is job)


def run_again(broker: JobBroker, job: Job, message: Message[Any], delay: int | None) -> Message[Any]:
    """Have a running job tried again once it has ended, instead of ending it.

    Nothing is sent here: the retry is stored in the step that settles the run, so neither can be without the
    other.
    """
    message = message.copy()
    try:
        broker.emit_before("enqueue", message, delay)
        wait = bounded_wait(retry_delay(job, broker.actors.get(job.actor_name), delay or 0))
        job.settlement = (b"r", job.id, job.token, b"%d" % wait, message.encode())
    except Exception:
        # Dramatiq only logs what its retries raise, and would have a job that failed count as done.
        if job._exception is not None:
            job.fail()
        raise
    broker.emit_after("enqueue", message, delay)
    return message


def retry_delay(job: Job, actor: Actor[Any, Any] | None, proposed: float) -> float:
    """Milliseconds until a job is tried again, where Dramatiq proposed so many.

    A delay that the actor itself asked for with `Retry(delay=...)` stands.
    """
    if isinstance(job._exception, Retry) and job._exception.delay is not None:
        return proposed
    options = {**(actor.options if actor is not None else {}), **job.options}
    backoff = options.get("backoff")
    if backoff is None:
        return proposed
    attempts = max(1, options.get("retries", 1))
    ceiling: int = options.get("max_backoff", DEFAULT_MAX_BACKOFF)
    if callable(backoff):
        wait: float = min(ceiling, max(0, backoff(attempts)))
        return wait
    kind, first = parse_backoff(backoff, options.get("min_backoff", DEFAULT_MIN_BACKOFF))
    if kind == "fixed":
        return min(ceiling, first)
    most: float = min(ceiling, first * 2 ** min(attempts - 1, 32))
    return most * random.uniform(0.75, 1.0)
