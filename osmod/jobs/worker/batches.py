"""Jobs of one actor that wait together run in one call, and each ends as its own."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial, wraps
from typing import Any

from dramatiq import Broker, MessageProxy
from dramatiq.worker import WorkerThread

from osmod.jobs.messages.batches import Together
from osmod.jobs.queue.job import Job, running
from osmod.jobs.worker.workqueue import WorkQueue

_log = logging.getLogger(__name__)


def take_batches(thread: WorkerThread) -> None:
    """Have a worker's thread take along, with a job of an actor with `batch`, those that wait beside it."""
    setattr(thread, "process_message", partial(_process, thread, thread.process_message))  # noqa: B010


def in_batches(function: Callable[..., None]) -> Callable[..., None]:
    """An actor's function on the job at work and those taken along, in one call; one of single jobs as it is.

    What it raises is nobody's: then each job runs by itself. The end of one that was taken along comes when its turn
    does, right after that of the job that took it.
    """
    batch: Together | None = getattr(function, "together", None)
    if batch is None:
        return function

    @wraps(function)
    def run(*args: Any, **kwargs: Any) -> None:
        job = running.get()
        if job is None or (not job.came_about and not (job.company and _run_together(batch, job))):
            function(*args, **kwargs)

    return run


def _run_together(batch: Together, job: Job) -> bool:
    """Whether all jobs have taken effect in one call. An interruption passes: it is the first job's alone."""
    company = job.company
    for other in company:
        other.alone = True
    try:
        batch.function([batch.item(*one.args, **one.kwargs) for one in (job, *company)])
    except Exception as error:  # noqa: BLE001 - each job meets it again by itself, if it is its own
        _log.debug("A batch of %d failed, each job runs by itself: %s", len(company) + 1, error)
        return False
    finally:
        job.company = ()
    for other in company:
        other.came_about = True
    return True


def _process(thread: WorkerThread, process: Callable[[MessageProxy], None], message: MessageProxy) -> None:
    """Process a job, and then those that were taken along with it: their end, if they have taken effect."""
    work_queue: Any = thread.work_queue
    along = _company(thread, work_queue, message) if isinstance(message, Job) else ()
    # Nobody interrupts the thread outside of an actor, so none of them is lost on the way.
    if along and isinstance(message, Job):
        message.company = tuple(item.message for item in along)
    process(message)
    for item in along:
        if item.message.came_about:
            work_queue.take_up(item)
            process(item.message)
        else:
            work_queue.put_back(item)


def most_together(broker: Broker, job: Any) -> int:
    """How many jobs may run in one call with this one, itself included."""
    actor = broker.actors.get(job.actor_name)
    most: int = actor.options.get("batch", 1) if actor is not None else 1
    return most if most > 1 and _may_share(job) else 1


def _company(thread: WorkerThread, work_queue: Any, job: Any) -> Any:
    most = most_together(thread.broker, job)
    if most == 1 or not isinstance(work_queue, WorkQueue):
        return ()
    return work_queue.take_along(
        most - 1, lambda other: other.actor_name == job.actor_name and _may_share(other)
    )


def _may_share(job: Any) -> bool:
    """Whether a job may run in one call with others: not if it has failed before, or has terms of its own."""
    return (
        job.__class__ is Job
        and job.plain
        and not (job.alone or job.suspect is not None or job.lost or job.failed)
        and not (job.options.get("retries") or "time_limit" in job.options)
    )
