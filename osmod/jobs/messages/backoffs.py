"""When and how a failed job is tried again.

`backoff` on an actor or a message says how long to wait: a number of milliseconds (fixed), `"fixed"` or
`"exponential"` with `min_backoff` as the first wait, `{"type": "exponential", "delay": 500}` as in Kue, or
on an actor a function of the number of attempts made that returns milliseconds. Exponential waits carry
jitter. `max_backoff` is the ceiling of all. Without `backoff`, Dramatiq's own `Retries` decides.
"""

from __future__ import annotations

import random
from typing import Any

from dramatiq import Actor, MessageProxy, Retry
from dramatiq.middleware.retries import DEFAULT_MAX_BACKOFF, DEFAULT_MIN_BACKOFF

from osmod.jobs.messages.options import parse_backoff


def retry_delay(job: MessageProxy, actor: Actor[Any, Any] | None, proposed: float) -> float:
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
