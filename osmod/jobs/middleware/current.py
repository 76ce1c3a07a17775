"""What a running job can say of itself, from within its actor."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

from dramatiq.middleware import CurrentMessage

from osmod.jobs.errors import NoCurrentJob
from osmod.jobs.messages.options import OUT_OF_QUEUE
from osmod.jobs.queue.job import Reporting, running


class CurrentJob:
    """The job at work. Where there is no queue (inline mode, a stub broker) it takes all and keeps nothing."""

    def __init__(self, message: Any, reports: Reporting | None = None) -> None:
        self._message = message
        self._reports = reports

    @property
    def id(self) -> str:
        """The job's id, which is its message's."""
        return str(self._message.message_id)

    @property
    def actor(self) -> str:
        """The actor's name."""
        return str(self._message.actor_name)

    @property
    def attempt(self) -> int:
        """Which run this is, from 1."""
        return int(self._message.options.get("retries", 0)) + 1

    @property
    def is_anew(self) -> bool:
        """Whether it has run before, as far as that is known: it is tried again, or its worker vanished."""
        return self.attempt > 1 or getattr(self._message, "suspect", None) is not None

    @property
    def priority(self) -> int | None:
        """The priority that it was sent with; None: its actor's."""
        return self._message.options.get("priority")  # type: ignore[no-any-return]

    @property
    def out_of_queue(self) -> tuple[datetime, datetime] | None:
        """Of a job that failed, or was cancelled, and that somebody had run again: between which moments it was not to
        run, by the clocks of Redis and of who did so. None: it was in its queue all the time."""
        between = self._message.options.get(OUT_OF_QUEUE)
        if between is None:
            return None
        since, until = (datetime.fromtimestamp(one / 1000, UTC) for one in between)
        return since, until

    def progress(self, done: float, total: float = 100, message: str | None = None) -> None:
        """Say how far the job is: `done` of `total`, and in words if you like (200 characters are kept).

        Costs microseconds and may be called as often as wanted: what is said in the same quarter of a second
        is written once, the last word always.

        Raises:
          ValueError: `done` or `total` is negative or no number.
        """
        for name, value in (("done", done), ("total", total)):
            if not math.isfinite(value) or value < 0:
                raise ValueError(f"{name}={value!r}: expected a number of at least 0")
        if self._reports is not None:
            self._reports.progress(self._message, _plain(done), _plain(total), str(message or ""))

    def log(self, text: object) -> None:
        """Keep a line with the job's record: 1,000 characters of it, and of a job the last 100 lines."""
        if self._reports is not None:
            self._reports.log(self._message, str(text))


def _plain(number: float) -> float:
    """A number as JSON has it: a decimal, a fraction or one of numpy's it has not."""
    return number if type(number) is int else float(number)


def current_jobs() -> list[CurrentJob]:
    """The jobs that run in this call, of an actor with `batch`, in the order of its items; of others, the one.

    Raises:
      NoCurrentJob: nothing is running here.
    """
    job = running.get()
    company = [CurrentJob(other, job.reports) for other in job.company] if job is not None else []
    return [current_job(), *company]


def job_at_work() -> CurrentJob | None:
    """`current_job()`, or None where nothing is running."""
    try:
        return current_job()
    except NoCurrentJob:
        return None


def current_job() -> CurrentJob:
    """The job that is running here: in a thread of a worker, in an async actor, or in inline mode.

    Raises:
      NoCurrentJob: nothing is running here.
    """
    job = running.get()
    if job is not None:
        return CurrentJob(job, job.reports)
    message = CurrentMessage.get_current_message()
    if message is not None:
        return CurrentJob(message)
    raise NoCurrentJob(
        "current_job() was called outside of a job: it only works in an actor that a worker runs, "
        "or that inline mode does"
    )
