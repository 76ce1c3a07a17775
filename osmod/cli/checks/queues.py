"""What lies in the queues: for how long jobs wait, how many have failed."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from osmod.cli.checks.finding import Finding, ok, warning
from osmod.cli.checks.queue import WAIT, Overviews, open_queue
from osmod.cli.queue_access import counted
from osmod.jobs.records.glance import length
from osmod.jobs.records.overview import QueueOverview
from osmod.jobs.states import JobState
from osmod.settings import Settings

#: For how long a job may wait, and how many may have failed, where nobody says.
MAX_WAITING = timedelta(minutes=5)
MAX_FAILED = 100
#: Queues that are well and have a line each; more of them share one.
SHOWN = 10


def check_queues(
    settings: Settings,
    *,
    max_waiting: timedelta = MAX_WAITING,
    max_failed: int = MAX_FAILED,
    overviews: Overviews | None = None,
) -> Iterator[Finding]:
    """Of each queue: whether it is paused, whether a job has waited for too long, whether too many have failed."""
    if settings.run_immediately:
        return
    with open_queue(settings) as broker:
        queues = (overviews or Overviews()).of(broker)
    well: list[QueueOverview] = []
    for queue in queues:
        found = list(judge(queue, max_waiting, max_failed))
        yield from found
        if not found:
            well.append(queue)
    if len(well) > SHOWN:
        yield ok(f"{counted(len(well), 'queue')} are well: {_sizes(*well)}")
    else:
        yield from (ok(f"{queue.name}: {_sizes(queue)}") for queue in well)


def judge(queue: QueueOverview, max_waiting: timedelta, max_failed: int) -> Iterator[Finding]:
    """What is wrong with one queue."""
    waiting, failed = queue.sizes[JobState.WAITING], queue.sizes[JobState.FAILED]
    name, oldest = queue.name, queue.oldest_waiting
    if queue.paused:
        by = f" by {queue.paused_by}" if queue.paused_by else ""
        yield warning(
            f"{name} has been paused for {length(datetime.now(UTC) - queue.paused)}{by}, {counted(waiting, *WAIT)}: "
            f"`osmod queues resume {shlex.quote(name)}`."
        )
    elif oldest is not None and oldest > max_waiting:
        yield warning(
            f"{name}: {counted(waiting, *WAIT)}, the oldest for {length(oldest)} (limit {length(max_waiting)}): "
            '`osmod top` shows what runs and how fast; docs/operations.md, "It is slow".'
        )
    if failed > max_failed:
        yield warning(
            f"{name}: {counted(failed)} failed (limit {max_failed:,}): "
            f"`osmod jobs groups --queue {shlex.quote(name)}` "
            'says why; docs/operations.md, "It failed 20,000 times".'
        )


def _sizes(*queues: QueueOverview) -> str:
    shown = (JobState.WAITING, JobState.DELAYED, JobState.ACTIVE, JobState.FAILED)
    return ", ".join(f"{sum(queue.sizes[state] for queue in queues):,} {state.value}" for state in shown)
