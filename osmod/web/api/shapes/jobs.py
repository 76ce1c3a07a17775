"""What is answered on jobs."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from osmod.web.api.shapes.shape import Hinted, Shape


class WorkerThread(Shape):
    """Where a job ran last; `thread` is empty until its worker said it."""

    host: str
    process: int
    thread: str


class JobProgress(Shape):
    """How far a job is."""

    done: float
    total: float
    message: str


class LoggedLine(Shape):
    """What a job said."""

    at: datetime
    text: str


class Failure(Shape):
    """Why the last run failed."""

    kind: str = Field(description="The class of the exception.")
    message: str
    traceback: str


class PastRun(Shape):
    """A run before the last, or that somebody had the job run again (`again`)."""

    outcome: Literal["retried", "lost", "failed", "cancelled", "again"]
    started: datetime | None
    ended: datetime
    duration: float | None = Field(description="Seconds.")
    worker: WorkerThread | None
    wait: float | None = Field(description="Seconds until it was to be tried again.")
    reason: str = Field(description="The error, or who had it run again.")


class Job(Shape):
    """A job. What is sensitive in its arguments is masked."""

    id: str
    actor: str
    queue: str
    state: Literal["waiting", "delayed", "active", "done", "failed", "cancelled"]
    arguments: dict[str, Any]
    priority: int
    attempts_made: int = Field(description="Runs that were begun.")
    attempts_left: int | None = Field(
        description="Runs to come if all fail; null: its actor decides, or no limit."
    )
    created: datetime | None
    due: datetime | None
    waits_for: str | None = Field(description="Why it was put off.")
    started: datetime | None
    finished: datetime | None
    duration: float | None = Field(description="Seconds.")
    worker: WorkerThread | None
    past: list[PastRun] = Field(description="The runs before that, oldest first, as far as they are kept.")
    progress: JobProgress | None
    log: list[LoggedLine]
    error: Failure | None
    result: Any
    deaths: int = Field(description="How often a worker died while it ran this.")
    unique: str | None
    label: str | None
    parent: str | None = Field(description="The id of the job that sent it while it ran.")
    cancelling: bool = Field(description="It was asked to stop, and has not yet.")


class Jobs(Hinted):
    """A page of jobs."""

    jobs: list[Job]
    cursor: str | None = Field(description="Of the next page; null: there is none.")
    cut: bool = Field(description="As many were looked at as `scan` allows; further ones may fit.")


class JobCount(Hinted):
    """How many fit."""

    count: int


class FailureGroup(Shape):
    """Failed jobs of one actor, with one error."""

    queue: str
    actor: str
    error: str | None
    count: int
    oldest: datetime
    newest: datetime
    example: str | None = Field(description="The id of the newest.")
    message: str | None


class FailureGroups(Hinted):
    """What failed."""

    groups: list[FailureGroup]
    looked_at: int
    cut: bool


class SentJob(Shape):
    """A job that was queued, or the one that holds its `unique` key."""

    id: str
    created: bool


class JobLog(Shape):
    """What a job said of itself."""

    log: list[LoggedLine]
    progress: JobProgress | None


class ActOutcome(Shape):
    """On how many jobs something was done; `dry_run`: would be."""

    count: int
    cancelled: int = Field(0, description="Of them, those that did not run.")
    interrupting: int = Field(0, description="Of them, those that run, and are being interrupted.")
    dry_run: bool = False
