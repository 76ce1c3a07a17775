"""The runs of a job: who had it, when, how it ended; read from what the queue's scripts noted of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from osmod.jobs.messages.arguments import scrubbed
from osmod.jobs.records.record import PastRun, WorkerName


def worker_of(lease: str, thread: str) -> WorkerName | None:
    """The worker that holds or held a lease, `host:process:…:…`; None for a lease of nobody."""
    parts = lease.rsplit(":", 3)
    if len(parts) != 4 or not parts[1].isdigit():
        return None
    return WorkerName(parts[0], int(parts[1]), thread)


def past_runs(noted: str, hidden: Sequence[str]) -> tuple[PastRun, ...]:
    """The runs in a job's field `past`, which `note_run` in Lua writes, oldest first, without secrets."""
    return tuple(_past(json.loads(line), hidden) for line in noted.split("\n") if line)


def _past(run: list[str], hidden: Sequence[str]) -> PastRun:
    outcome, started, noted, lease, wait, ran, reason = run
    ended, _, rest = ran.partition(" ")
    millis, _, thread = rest.partition(" ")
    end = moment_of_millis(int(ended or noted))
    duration = timedelta(milliseconds=float(millis)) if millis else None
    return PastRun(
        outcome,
        _started(int(started), end, duration) if lease and started else None,
        end,
        duration,
        worker_of(lease, thread),
        timedelta(milliseconds=int(wait)) if wait else None,
        scrubbed(reason, hidden),
    )


def _started(taken: int, end: datetime, duration: timedelta | None) -> datetime:
    """When it began: workers take jobs in batches, and where they said how long a run took, it began so long before."""
    began = moment_of_millis(taken)
    return began if duration is None else max(began, end - duration)


def moment_of_millis(millis: int) -> datetime:
    """A moment kept as milliseconds of the epoch."""
    return datetime.fromtimestamp(millis / 1000, UTC)
