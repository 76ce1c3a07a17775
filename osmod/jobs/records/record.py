"""What is known of a job: its record."""

from __future__ import annotations

import json
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
class PastRun:
    """A run that is over of a job that went on; or that somebody had it run again, which is `again`.

    Attributes:
      outcome: `retried`, `lost` (its worker gave no sign of life any more), `failed`, `cancelled` or `again`.
      started: when a worker took it.
      wait: for how long it then waited, if it was tried again.
      reason: the error, or who had it run again.
    """

    outcome: str
    started: datetime | None
    ended: datetime
    duration: timedelta | None = None
    worker: WorkerName | None = None
    wait: timedelta | None = None
    reason: str = ""

    def as_dict(self) -> dict[str, Any]:
        """The run in values that JSON has: moments in ISO 8601, lengths of time in seconds."""
        return {
            "outcome": self.outcome,
            "started": _iso(self.started),
            "ended": _iso(self.ended),
            "duration": _seconds(self.duration),
            "worker": vars(self.worker) if self.worker else None,
            "wait": _seconds(self.wait),
            "reason": self.reason,
        }


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
    #: The last of the runs before the present or last one, oldest first.
    past: tuple[PastRun, ...] = ()
    #: How often a worker died while it certainly ran this job.
    deaths: int = 0
    unique: str | None = None
    #: What whoever sent it calls it, for people: the title of a job of Kue's.
    label: str | None = None
    #: The id of the job that sent it while it ran, if one did.
    parent: str | None = None
    #: Whether this running job was asked to stop, and has not yet.
    cancelling: bool = False
    raw: Message[Any] | None = field(default=None, repr=False, compare=False)

    @property
    def call(self) -> str:
        """The job in one line, as a call with its arguments, sensitive ones masked."""
        return shown(self.actor, self.arguments)

    @property
    def text(self) -> str:
        """What words are looked for in: actor, values of arguments, label, error; what is sensitive is masked."""
        values = (one if isinstance(one, str) else _json(one) for one in self.arguments.values())
        error = f"{self.error.kind}: {self.error.message}" if self.error else ""
        return "\n".join([self.actor, *values, self.label or "", error])

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
            "duration": _seconds(self.duration),
            "worker": vars(self.worker) if self.worker else None,
            "past": [run.as_dict() for run in self.past],
            "progress": vars(self.progress) if self.progress else None,
            "log": [{"at": _iso(line.at), "text": line.text} for line in self.log],
            "error": vars(self.error) if self.error else None,
            "result": self.result,
            "deaths": self.deaths,
            "unique": self.unique,
            "label": self.label,
            "parent": self.parent,
            "cancelling": self.cancelling,
        }


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, default=str)


def _seconds(length: timedelta | None) -> float | None:
    return length.total_seconds() if length is not None else None


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="milliseconds") if moment is not None else None
