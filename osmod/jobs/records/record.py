"""What is known of a job: its record."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from dramatiq import Message

from osmod.jobs.messages.arguments import shown
from osmod.jobs.states import JobState


@dataclass(frozen=True)
class Progress:
    """How far a job says it is."""

    done: float
    total: float
    message: str = ""

    @property
    def share(self) -> float:
        """The part that is done, from 0 to 1."""
        return min(1.0, max(0.0, self.done / self.total)) if self.total > 0 else 0.0


@dataclass(frozen=True)
class LogLine:
    """One line that a job logged, and when."""

    at: datetime
    text: str


@dataclass(frozen=True)
class JobError:
    """Why a job's last run failed."""

    kind: str
    message: str
    traceback: str = ""


@dataclass(frozen=True)
class WorkerName:
    """Where a job ran or runs last. `thread` is empty until the worker reported it."""

    host: str
    process: int
    thread: str = ""

    def __str__(self) -> str:
        return f"{self.host}:{self.process}" + (f" {self.thread}" if self.thread else "")


@dataclass(frozen=True)
class JobRecord:
    """A job as its queue knows it. Moments are aware, in UTC, by the clock of Redis.

    `args`, `kwargs` and `arguments` (both together, by the function's names) have the actor's sensitive
    ones masked, and errors, progress and log lines have their texts taken out; `raw` is the message itself.
    """

    id: str
    queue: str
    actor: str
    state: JobState
    arguments: dict[str, Any]
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = field(default_factory=dict)
    priority: int = 0
    #: Runs that were begun, the present one among them.
    attempts_made: int = 0
    #: Runs still to come if all fail; None if the actor decides when it fails, or has no limit.
    attempts_left: int | None = None
    created: datetime | None = None
    due: datetime | None = None
    #: Why it waits until it is due, if it was put off for a reason.
    waits_for: str | None = None
    started: datetime | None = None
    finished: datetime | None = None
    duration: timedelta | None = None
    worker: WorkerName | None = None
    progress: Progress | None = None
    log: tuple[LogLine, ...] = ()
    error: JobError | None = None
    result: Any = None
    #: How often a worker died while it certainly ran this job.
    deaths: int = 0
    unique: str | None = None
    #: Whether this running job was asked to stop, and has not yet.
    cancelling: bool = False
    raw: Message[Any] | None = field(default=None, repr=False, compare=False)

    @property
    def call(self) -> str:
        """The job in one line, as a call with its arguments, sensitive ones masked."""
        return shown(self.actor, self.arguments)

    @property
    def moment(self) -> datetime | None:
        """When it became what it is: ended, was started, is due, or was sent."""
        if self.state is JobState.ACTIVE:
            return self.started
        return self.finished or (self.due if self.state is JobState.DELAYED else self.created)

    def as_dict(self) -> dict[str, Any]:
        """The record in values that JSON has: moments in ISO 8601, the duration in seconds."""
        return {
            "id": self.id,
            "actor": self.actor,
            "queue": self.queue,
            "state": self.state.value,
            "arguments": self.arguments,
            "priority": self.priority,
            "attempts_made": self.attempts_made,
            "attempts_left": self.attempts_left,
            "created": _iso(self.created),
            "due": _iso(self.due),
            "waits_for": self.waits_for,
            "started": _iso(self.started),
            "finished": _iso(self.finished),
            "duration": self.duration.total_seconds() if self.duration is not None else None,
            "worker": vars(self.worker) if self.worker else None,
            "progress": vars(self.progress) if self.progress else None,
            "log": [{"at": _iso(line.at), "text": line.text} for line in self.log],
            "error": vars(self.error) if self.error else None,
            "result": self.result,
            "deaths": self.deaths,
            "unique": self.unique,
            "cancelling": self.cancelling,
        }


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="milliseconds") if moment is not None else None
