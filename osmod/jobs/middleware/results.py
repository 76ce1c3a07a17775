"""The actor option `keep_result`: what an actor returns stays with the job's record."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from dramatiq import Broker
from dramatiq.results import Results

from osmod.jobs.queue.job import running


def keeping_result(broker: Broker, function: Callable[..., Any]) -> Callable[..., Any]:
    """An actor's function that has what it returns noted with the reports of the job at work."""

    @wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        value = function(*args, **kwargs)
        job = running.get()
        if job is None or job.reports is None:
            return value
        job.reports.result(job, value)
        passed_on = job.options.get("pipe_target") or any(
            isinstance(one, Results) for one in broker.middleware
        )
        # Dramatiq would warn that a result nobody takes is discarded.
        return value if passed_on else None

    return run
