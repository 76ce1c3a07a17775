"""When a failed job is tried again.

`backoff` on an actor or a message says how long to wait: a number of milliseconds (fixed), `"fixed"` or
`"exponential"` with `min_backoff` as the first wait, `{"type": "exponential", "delay": 500}` as in Kue, or
on an actor a function of the number of attempts made that returns milliseconds. Exponential waits carry
jitter. `max_backoff` is the ceiling of all. Without `backoff`, Dramatiq's own `Retries` decides.
"""

from __future__ import annotations

from typing import Any

from dramatiq import Actor

from osmod.jobs.job import Job


def retry_delay(job: Job, actor: Actor[Any, Any] | None, proposed: int) -> int:
    """Milliseconds until a job is tried again, where Dramatiq proposed so many."""
    return proposed
