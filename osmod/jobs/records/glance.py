"""Counts, lengths of time and attempts as one takes them in at a glance, wherever they are shown."""

from __future__ import annotations

from datetime import datetime, timedelta

from osmod.jobs.records.record import JobRecord
from osmod.jobs.states import JobState


def brief(count: int) -> str:
    """A count in five characters at most: `950`, `12.3k`, `1.2M`; none as a dot."""
    for size, unit in ((1_000_000, "M"), (1_000, "k")):
        if count >= size:
            return f"{count / size:.1f}{unit}" if count < 100 * size else f"{count // size}{unit}"
    return str(count) if count else "·"


def tries(job: JobRecord) -> str:
    """`1/3`: attempts made, of how many."""
    if job.attempts_left is None or job.state in (JobState.DONE, JobState.FAILED, JobState.CANCELLED):
        return str(job.attempts_made)
    return f"{job.attempts_made}/{job.attempts_made + job.attempts_left}"


def when(job: JobRecord, now: datetime) -> str:
    """What a job's state says of time: how long ago it ended or was sent, or in how long it is due."""
    if job.moment is None:
        return ""
    if job.state is JobState.DELAYED and job.moment > now:
        return f"in {length(job.moment - now)}"
    return f"{length(now - job.moment)} ago"


def length(time: timedelta | None) -> str:
    """A length of time at a glance: `12 ms`, `3.2 s`, `4 min`, `2 h`, `5 d`."""
    if time is None:
        return ""
    seconds = max(0.0, time.total_seconds())
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 120:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    for unit, size in (("d", 86_400), ("h", 3_600)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds / 60:.0f} min"
