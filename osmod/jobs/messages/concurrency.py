"""Actors whose jobs run as coroutines, so many at once in a worker process."""

from __future__ import annotations

from typing import Any

from osmod.jobs.errors import InvalidOption
from osmod.jobs.messages.bounds import check_count

#: Coroutines of one actor in a process at most.
MOST = 2_000


def check_concurrency(actor: Any) -> None:
    """Check an actor's option `concurrency`.

    Raises:
      InvalidOption: it is no number of jobs, its function is no coroutine function, or another option goes by threads.
    """
    most = actor.options.get("concurrency")
    if most is None:
        return
    check_count("concurrency", most, MOST, "the jobs at once in a process")
    if not hasattr(actor.fn, "coroutine"):
        raise InvalidOption(
            f"concurrency={most}: actor {actor.actor_name!r} is no `async def` with actor_class=JobActor"
        )
    for other in ("rate_limit", "batch", "max_age", "notify_shutdown", "periodic"):
        if actor.options.get(other):
            raise InvalidOption(f"concurrency={most}: does not go with {other}")
