"""What is answered on jobs, for the document of the API. Nothing is checked by these at run time: tests do that."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Shape(BaseModel):
    """An object that has these fields, all without a default, and no others."""

    model_config = ConfigDict(extra="forbid")


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
    progress: JobProgress | None
    log: list[LoggedLine]
    error: Failure | None
    result: Any
    deaths: int = Field(description="How often a worker died while it ran this.")
    unique: str | None
    cancelling: bool = Field(description="It was asked to stop, and has not yet.")


class Hinted(Shape):
    """An answer to a question with names."""

    hints: list[str] = Field(description="Names that nothing is known by, with what may have been meant.")


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


class Changed(Shape):
    """Whether anything is otherwise now."""

    changed: bool


class Asked(Shape):
    """How many workers were asked."""

    count: int


class ActOutcome(Shape):
    """On how many jobs something was done; `dry_run`: would be."""

    count: int
    cancelled: int = Field(0, description="Of them, those that did not run.")
    interrupting: int = Field(0, description="Of them, those that run, and are being interrupted.")
    dry_run: bool = False


class Totals(Shape):
    """What a queue counted so far."""

    done: int
    failed: int
    retried: int
    cancelled: int
    recovered: int = Field(description="Taken back from workers that died.")


class Rates(Shape):
    """What a queue counts in a second."""

    done: float
    failed: float
    retried: float
    cancelled: float
    recovered: float


class QueueShown(Shape):
    """How a queue is doing."""

    queue: str
    waiting: int
    delayed: int
    active: int
    done: int
    failed: int
    cancelled: int
    paused: datetime | None = Field(description="Since when.")
    paused_by: str
    oldest_waiting: float | None = Field(description="Seconds.")
    totals: Totals


class QueueWithRates(QueueShown):
    """The same, with what it does in a second."""

    per_second: Rates


class Queues(Shape):
    """All queues."""

    queues: list[QueueShown]


class Wrong(Shape):
    """Something that must not be in a queue, and what was done about it, or would be."""

    queue_name: str
    message_id: str
    wrong: str
    remedy: str


class Checked(Shape):
    """What must not be."""

    problems: list[Wrong]
    mended: bool


class Schedule(Shape):
    """What runs when. Lengths of time are in seconds."""

    name: str
    queue: str
    spec: str
    words: str
    next: datetime | None
    last_slot: datetime | None
    last_started: datetime | None
    last_finished: datetime | None
    last_duration: float | None
    last_outcome: str | None
    last_error: str
    paused: bool
    running: bool
    waiting: bool
    overlaps: int
    catch_up: bool
    overlap: bool


class Schedules(Shape):
    """All schedules."""

    schedules: list[Schedule]


class Worker(Shape):
    """A worker process."""

    worker: str = Field(description="`host:process`.")
    host: str
    process: int
    threads: int
    running: int
    queues: list[str]
    since: datetime
    seen: float = Field(description="Seconds since its last sign of life.")
    version: str
    memory: int = Field(description="Bytes.")
    quiet: bool
    asked: str | None = Field(description="What it was asked to do, perhaps not heard yet.")


class BusyWorker(Worker):
    """The same, with what it runs."""

    jobs: list[Job]


class Workers(Shape):
    """All workers that live."""

    workers: list[BusyWorker]


class Stats(Shape):
    """All at one look."""

    queues: list[QueueWithRates]
    running: list[Job]
    workers: list[Worker]


class Act(Shape):
    """What somebody did to jobs, or workers (`queue` is empty)."""

    at: datetime
    who: str
    act: str
    queue: str
    what: str
    count: int
    id: str
    reason: str
    dry_run: bool


class Acts(Hinted):
    """A page of acts."""

    acts: list[Act]
    cursor: str | None = Field(description="Of the next page; null: there is none.")
