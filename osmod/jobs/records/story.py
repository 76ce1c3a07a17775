"""A job's story: its runs one after the other, and where it stands now, in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from osmod.jobs.durations import in_words
from osmod.jobs.records.record import JobRecord, WorkerName
from osmod.jobs.states import JobState

_ENDED = {JobState.DONE: "done", JobState.FAILED: "failed", JobState.CANCELLED: "cancelled"}
#: Runs that failed after which a job fails again and again.
_AGAIN = 3


@dataclass(frozen=True)
class Step:
    """Something that happened to a job.

    Attributes:
      what: `queued`, then of each run how it ended (see `osmod.jobs.records.record.PastRun`), `running`, `done`,
        `failed` or `cancelled`; last, where it is not over, what it waits for: `waiting`, `delayed`.
      at: when that was, or is due; of a run, its beginning, or its end where it never began.
      attempt: which run it was, from 1; counted anew where somebody had the job run again.
      wait: after a run that is tried again, how long until the next.
    """

    what: str
    at: datetime | None
    attempt: int | None = None
    ended: datetime | None = None
    duration: timedelta | None = None
    worker: WorkerName | None = None
    wait: timedelta | None = None
    reason: str = ""

    @property
    def is_run(self) -> bool:
        """Whether it is a run, over or not."""
        return self.attempt is not None


def story(job: JobRecord) -> list[Step]:
    """What happened to a job, oldest first, as far as its record tells."""
    steps = [Step("queued", job.created)]
    attempt = 0
    for run in job.past:
        if run.outcome == "again":
            attempt = 0
            steps.append(Step("again", run.ended, reason=run.reason))
            continue
        attempt += run.started is not None
        steps.append(
            Step(
                run.outcome,
                run.started or run.ended,
                attempt if run.started else None,
                run.ended,
                run.duration or (run.ended - run.started if run.started else None),
                run.worker,
                run.wait,
                run.reason,
            )
        )
    return [*steps, _present(job, attempt + 1)]


def _present(job: JobRecord, attempt: int) -> Step:
    if job.state is JobState.WAITING:
        return Step("waiting", None)
    if job.state is JobState.DELAYED:
        return Step("delayed", job.due, reason=job.waits_for or "")
    reason = f"{job.error.kind}: {job.error.message}" if job.error and job.state in _ENDED else ""
    return Step(
        _ENDED.get(job.state, "running"),
        job.started or job.finished,
        attempt if job.started else None,
        job.finished,
        job.duration,
        job.worker,
        reason=reason,
    )


def where_it_stands(job: JobRecord, now: datetime) -> str:
    """One sentence for whoever looks at it: `Fails again and again; the next try is in 3 minutes.`"""
    match job.state:
        case JobState.WAITING:
            return f"{_so_far(job)}It waits for a worker that is free."
        case JobState.DELAYED:
            return _delayed(job, now)
        case JobState.ACTIVE:
            return _running(job, now)
        case JobState.DONE:
            return f"Done{_took(job)}{_at_attempt(job)}."
        case JobState.CANCELLED:
            return f"{job.error.kind}: {job.error.message}." if job.error else "Cancelled."
        case _:
            return f"Failed{_at_attempt(job)}, and is not tried again unless somebody has it retried."


def _delayed(job: JobRecord, now: datetime) -> str:
    wait = f"in {_about(job.due - now)}" if job.due and job.due > now else "now"
    if job.waits_for:
        return f"Put off: {job.waits_for}. It goes on {wait}."
    if job.attempts_made == 0:
        return f"It is to run {wait}, as it was queued."
    left = f", of {job.attempts_left} that are left" if job.attempts_left is not None else ""
    return f"{_so_far(job)}The next try is {wait}{left}."


def _running(job: JobRecord, now: datetime) -> str:
    since = f" for {_about(now - job.started)}" if job.started else ""
    attempt = f", attempt {job.attempts_made}" if job.attempts_made > 1 else ""
    ending = " It is being cancelled." if job.cancelling else ""
    return f"Runs{since}{attempt}.{ending}"


def _so_far(job: JobRecord) -> str:
    failed = sum(run.outcome == "retried" and bool(run.reason) for run in job.past) or job.attempts_made
    if failed == 0:
        return ""
    if failed >= _AGAIN:
        return f"Fails again and again, {failed} times so far. "
    return "It failed once. " if failed == 1 else "It failed twice. "


def _at_attempt(job: JobRecord) -> str:
    return f" at attempt {job.attempts_made}" if job.attempts_made > 1 else ""


def _took(job: JobRecord) -> str:
    return f" in {_about(job.duration)}" if job.duration is not None else ""


def _about(length: timedelta) -> str:
    """A length of time in words, to its largest unit that counts: `12 ms` is `12 milliseconds`."""
    seconds = length.total_seconds()
    for size in (86_400, 3_600, 60, 1):
        if seconds >= 2 * size or size == 1 <= seconds:
            return in_words(timedelta(seconds=size * round(seconds / size)))
    return in_words(timedelta(milliseconds=max(1, round(seconds * 1000))))
