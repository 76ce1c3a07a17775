"""Which jobs are meant: what can be asked of a job, in one object."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from dramatiq import Actor, Message

from osmod.jobs.messages.arguments import camel_case, named, snake_case
from osmod.jobs.records.record import JobRecord
from osmod.jobs.states import JobState

#: States in which a job has a record to find.
STATES = tuple(state for state in JobState if state.key)


class EmptyName(ValueError):
    """A condition without a name, as an unset variable of a shell leaves it: it must not mean every job."""

    @classmethod
    def refuse(cls, **names: str | None) -> None:
        """Raise if one of these names is an empty text; None is one that was not given."""
        for what, name in names.items():
            if name == "":
                raise cls(f"{what} is empty: name one, or leave it out")


@dataclass(frozen=True)
class JobFilter:
    """Jobs of which all of this is true. What is left out may be anything.

    Raises:
      EmptyName: queue, actor, error, parent or a word is an empty text.

    Attributes:
      ids: they have one of these ids.
      queue, actor: the queue they are in, the name of their actor.
      states: they are in one of these states.
      since, until: aware moments. Ended jobs ended, delayed ones are due, waiting ones were sent, running
        ones were started in between.
      error: the class of the error by which their last run failed, such as `ValueError`.
      arguments: they have these arguments, equal as JSON values are. A text that stands for a number,
        true, false or null in JSON is equal to that, too, so that what an operator typed is understood.
      parent: they were sent by the job of this id while it ran.
      words: each stands, in whatever case, in the name of their actor, in the value of an argument that may be
        shown, in their label, or in the error by which their last run failed.
    """

    ids: tuple[str, ...] = ()
    queue: str | None = None
    actor: str | None = None
    states: tuple[JobState, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    error: str | None = None
    arguments: Mapping[str, Any] = field(default_factory=dict)
    parent: str | None = None
    words: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        EmptyName.refuse(queue=self.queue, actor=self.actor, error=self.error, parent=self.parent)
        for word in self.words:
            EmptyName.refuse(word=word)
        for name in ("since", "until"):
            moment = getattr(self, name)
            if moment is not None and moment.tzinfo is None:
                raise ValueError(f"{name}={moment.isoformat()}: expected a moment with a time zone")
        object.__setattr__(self, "states", tuple(JobState(state) for state in self.states))
        if JobState.REMOVED in self.states:
            raise ValueError("states: jobs that were removed have no record to find")

    def __str__(self) -> str:
        """The filter in words, as the audit log has it."""
        words = [f"queue={self.queue}"] if self.queue else []
        words += [f"actor={self.actor}"] if self.actor else []
        words += [f"state={','.join(self.states)}"] if self.states else []
        words += [f"since={self.since.isoformat()}"] if self.since else []
        words += [f"until={self.until.isoformat()}"] if self.until else []
        words += [f"error={self.error}"] if self.error else []
        words += [
            f"{name}={json.dumps(value, default=str, ensure_ascii=False)}"
            for name, value in self.arguments.items()
        ]
        words += [f"parent={self.parent}"] if self.parent else []
        words += [json.dumps(word, ensure_ascii=False) for word in self.words]
        if self.ids:
            words.append(f"id={','.join(self.ids[:10])}" + (",…" if len(self.ids) > 10 else ""))
        return " ".join(words) or "all"

    def fits(self, job: JobRecord, actor: Actor[Any, Any] | None) -> bool:
        """Whether a job is meant, as far as its record tells; times are seen to by what walks the queue."""
        return (
            (not self.ids or job.id in self.ids)
            and (self.actor is None or job.actor == self.actor)
            and (not self.states or job.state in self.states)
            and (self.error is None or (job.error is not None and job.error.kind == self.error))
            and (job.raw is not None and self.fits_message(job.raw, actor))
            and (not self.words or self._has_words(job.text.lower()))
        )

    def in_time(self, job: JobRecord) -> bool:
        """Whether what made a job what it is happened in the time asked for."""
        at = job.moment
        if at is None:
            return self.since is None and self.until is None
        return (self.since is None or at >= self.since) and (self.until is None or at <= self.until)

    @property
    def is_by_size(self) -> bool:
        """Whether queue and state are all that is asked for: how many jobs fit is known without looking at any."""
        return replace(self, queue=None, states=()) == JobFilter()

    def needles(self) -> list[list[str]]:
        """For each argument, and the parent, texts of which a job's encoded message holds one if the job has it."""
        found = [
            [f'"{spelling}":{text}' for spelling in spellings(name) for text in _encodings(value)]
            for name, value in self.arguments.items()
        ]
        return [*found, [f'"parent":{json.dumps(self.parent)}']] if self.parent else found

    def fits_message(self, message: Message[Any], actor: Actor[Any, Any] | None) -> bool:
        """Whether a message has the arguments and the parent asked for."""
        if self.parent and message.options.get("parent") != self.parent:
            return False
        return not self.arguments or self._has_arguments(message, actor)

    def _has_words(self, text: str) -> bool:
        return all(word.lower() in text for word in self.words)

    def _has_arguments(self, message: Message[Any], actor: Actor[Any, Any] | None) -> bool:
        found = named(actor, message.args, message.kwargs)
        return all(
            any(_equal(found[spelling], value) for spelling in spellings(name) if spelling in found)
            for name, value in self.arguments.items()
        )


def spellings(name: str) -> list[str]:
    """The ways in which an argument's name may stand in a message."""
    return list(dict.fromkeys([name, snake_case(name), camel_case(snake_case(name))]))


def readings(value: Any) -> list[Any]:
    """What a value may mean: itself and, for a text that is JSON of a number, true, false or null, that."""
    if isinstance(value, str):
        try:
            meant = json.loads(value)
        except ValueError:
            return [value]
        if not isinstance(meant, (str, dict, list)):
            return [value, meant]
    return [value]


def _equal(one: Any, asked: Any) -> bool:
    return any(type(one) is type(value) and one == value for value in readings(asked)) or (
        isinstance(one, (int, float)) and not isinstance(one, bool) and one in _numbers(asked)
    )


def _numbers(asked: Any) -> list[Any]:
    return [
        value for value in readings(asked) if isinstance(value, (int, float)) and not isinstance(value, bool)
    ]


def _encodings(value: Any) -> list[str]:
    return [json.dumps(one, separators=(",", ":"), default=str) for one in readings(value)]
