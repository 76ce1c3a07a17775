"""How the queues are doing: sizes, rates, the age of what waits, what runs."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from osmod.jobs.queue.presence import WorkerRecord, known_queues, workers
from osmod.jobs.records.reading import get_jobs
from osmod.jobs.records.record import JobRecord
from osmod.jobs.states import JobState
from osmod.jobs.wire.queues import Queues
from osmod.jobs.wire.scripts import Script

_OVERVIEW = Script(Path(__file__).parent / "lua" / "overview.lua")

#: What a queue counts for as long as it is used, removed jobs among them.
COUNTERS = ("done", "failed", "retried", "cancelled", "recovered")


@dataclass(frozen=True)
class QueueOverview:
    """A queue at one moment. `counters` count since the queue came into being, see `COUNTERS`."""

    name: str
    sizes: dict[JobState, int]
    paused: datetime | None
    paused_by: str
    #: For how long the job that waits longest has.
    oldest_waiting: timedelta | None
    counters: dict[str, int]
    running: list[str]

    def as_dict(self) -> dict[str, Any]:
        """The overview in values that JSON has; times in seconds."""
        return {
            "queue": self.name,
            **{state.value: size for state, size in self.sizes.items()},
            "paused": self.paused.isoformat(timespec="milliseconds") if self.paused else None,
            "paused_by": self.paused_by,
            "oldest_waiting": self.oldest_waiting.total_seconds()
            if self.oldest_waiting is not None
            else None,
            "totals": self.counters,
        }


@dataclass(frozen=True)
class Snapshot:
    """All queues, workers and running jobs at one moment; `at` is in seconds of a monotonic clock."""

    queues: list[QueueOverview]
    workers: list[WorkerRecord]
    running: list[JobRecord]
    at: float = field(default_factory=time.monotonic)

    def rates(self, before: Snapshot) -> dict[str, dict[str, float]]:
        """For each queue, what its counters grew by in a second since an earlier snapshot."""
        seconds = max(0.001, self.at - before.at)
        earlier = {queue.name: queue.counters for queue in before.queues}
        return {
            queue.name: {
                name: max(0, number - earlier.get(queue.name, queue.counters)[name]) / seconds
                for name, number in queue.counters.items()
            }
            for queue in self.queues
        }

    def run_by(self, worker: WorkerRecord) -> list[JobRecord]:
        """The jobs that a worker has taken, those that have run longest first."""
        place = (worker.host, worker.process)
        taken = [job for job in self.running if job.worker and (job.worker.host, job.worker.process) == place]
        return sorted(taken, key=lambda job: job.started or datetime.now(UTC))

    def workers_as_dicts(self) -> list[dict[str, Any]]:
        """The workers in values that JSON has, each with the jobs that it has taken."""
        return [
            {**one.as_dict(), "jobs": [job.as_dict() for job in self.run_by(one)]} for one in self.workers
        ]

    def as_dict(self, before: Snapshot) -> dict[str, Any]:
        """The snapshot in values that JSON has, with the rates since an earlier one."""
        rates = self.rates(before)
        return {
            "queues": [{**one.as_dict(), "per_second": rates[one.name]} for one in self.queues],
            "running": [job.as_dict() for job in self.running],
            "workers": [one.as_dict() for one in self.workers],
        }


def snapshot(broker: Queues, *, running: int = 50) -> Snapshot:
    """How everything is doing now, with so many running jobs of each queue at most."""
    queues = [queue_overview(broker, name, running=running) for name in known_queues(broker)]
    jobs = [
        job
        for queue in queues
        if queue.running
        for job in get_jobs(broker, queue.name, queue.running)
        if job is not None and job.state is JobState.ACTIVE
    ]
    return Snapshot(queues, workers(broker), jobs)


def queue_overview(broker: Queues, name: str, *, running: int = 0) -> QueueOverview:
    """How one queue is doing, with the ids of so many running jobs at most."""
    sizes, paused, oldest, counters, ids = _OVERVIEW.run(
        broker.links, broker.key_base(name), [b"%d" % running]
    )
    since, _, by = paused.decode().partition(" ")
    states = (state for state in JobState if state.key)
    return QueueOverview(
        name=name,
        sizes=dict(zip(states, sizes, strict=True)),
        paused=datetime.fromtimestamp(int(since) / 1000, UTC) if since else None,
        paused_by=by,
        oldest_waiting=timedelta(milliseconds=oldest) if oldest >= 0 else None,
        counters=dict(zip(COUNTERS, counters, strict=True)),
        running=[job_id.decode() for job_id in ids] if running else [],
    )
