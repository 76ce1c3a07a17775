"""Who works: whether workers live, and whether each queue has one."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from osmod.cli.checks.finding import Finding, error, ok, warning
from osmod.cli.checks.queue import WAIT, Overviews, open_queue
from osmod.cli.queue_access import START_A_WORKER, counted
from osmod.jobs.queue.presence import WorkerRecord, workers
from osmod.jobs.records.overview import QueueOverview
from osmod.jobs.states import JobState
from osmod.settings import Settings


def check_workers(settings: Settings, *, overviews: Overviews | None = None) -> Iterator[Finding]:
    """Whether a worker lives, and whether every queue in which jobs wait has one. Nobody else starts a job."""
    if settings.run_immediately:
        return
    with open_queue(settings) as broker:
        alive = workers(broker)
        queues = (overviews or Overviews()).of(broker)
    yield from judge(alive, queues)


def judge(alive: list[WorkerRecord], queues: list[QueueOverview]) -> Iterator[Finding]:
    """What the signs of life and the queues say."""
    waiting = {one.name: one.sizes[JobState.WAITING] for one in queues if one.sizes[JobState.WAITING]}
    if not alive:
        if waiting:
            yield error(f"no worker is alive, and {counted(sum(waiting.values()), *WAIT)}: {START_A_WORKER}")
        else:
            yield warning(f"no worker is alive: {START_A_WORKER}")
        return
    threads, running = sum(one.threads for one in alive), sum(one.running for one in alive)
    processes = counted(len(alive), "worker process", "worker processes")
    yield ok(f"{processes} with {counted(threads, 'thread')}, {running:,} at work")
    served = {name for one in alive for name in one.queues}
    for name, jobs in waiting.items():
        if name not in served:
            yield error(
                f"queue {name}: {counted(jobs, *WAIT)} and no worker serves it: "
                f"start `osmod worker -Q {shlex.quote(name)}`."
            )
