"""What an operator can do to jobs and queues. Each step is atomic, and says in the audit log who did it.

Every act takes a `JobFilter`, and does to jobs that meanwhile changed their state what that state allows:
nothing happens to a job twice. `by` is who acts, the user of the operating system by default, and `reason` why;
`course` tells how far it has come, and can have it stop.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dramatiq import Message
from dramatiq.errors import DecodeError

from osmod.jobs.messages.arguments import MASK, snake_case
from osmod.jobs.messages.options import OUT_OF_QUEUE, parse_priority
from osmod.jobs.records.filters import JobFilter
from osmod.jobs.records.find import every_id
from osmod.jobs.records.reading import get_messages_and_ends
from osmod.jobs.states import JobState
from osmod.jobs.steering.audit import AUDIT, Asked, note_as
from osmod.jobs.steering.course import Course
from osmod.jobs.wire.queues import Queues
from osmod.jobs.wire.scripts import Script

_LUA = Path(__file__).parent / "lua"
_RETRY, _PROMOTE, _PRIORITISE, _CANCEL, _DELETE, _PAUSE, _RESUME = (
    Script(_LUA / "acts" / f"{name}.lua", AUDIT, _LUA / "_steering.lua")
    for name in ("retry", "promote", "prioritise", "cancel", "delete", "pause", "resume")
)

#: The states in which an act finds something to do.
RETRIABLE = (JobState.FAILED, JobState.CANCELLED)
CANCELLABLE = (JobState.WAITING, JobState.DELAYED, JobState.ACTIVE)
PROMOTABLE = (JobState.DELAYED,)
PRIORITISABLE = (JobState.WAITING, JobState.DELAYED)
DELETABLE = (JobState.WAITING, JobState.DELAYED, JobState.DONE, JobState.FAILED, JobState.CANCELLED)
#: Traces of failed runs in a message's options. Without them it has all its attempts before it.
_TRACES = ("retries", "traceback", "error", "requeue_timestamp", "eta")

#: Says what time it is, in seconds of the epoch.
clock: Callable[[], float] = time.time

#: Given a queue and ids of its jobs, what a script is told of them.
_Terms = Callable[[str, list[str]], list[bytes]]


@dataclass(frozen=True)
class Cancellation:
    """How many jobs were cancelled, and how many running ones are being interrupted, within a second."""

    cancelled: int
    interrupting: int

    @property
    def count(self) -> int:
        """Both together."""
        return self.cancelled + self.interrupting


def retry(
    broker: Queues,
    wanted: JobFilter,
    *,
    by: str | None = None,
    reason: str = "",
    course: Course | None = None,
) -> int:
    """Have failed and cancelled jobs run again, with all their attempts before them. Returns how many.

    One whose unique key another job holds by now is left as it is. Its message says between which moments it was out of
    its queue (`OUT_OF_QUEUE`), so that it does not undo what was done meanwhile.
    """

    asked = int(clock() * 1000)

    def terms(queue: str, ids: list[str]) -> list[bytes]:
        found = zip(ids, get_messages_and_ends(broker, queue, ids), strict=True)
        return [
            part
            for job_id, (message, ended) in found
            if message
            for part in (job_id.encode(), _fresh(message, (ended or asked, asked)))
        ]

    return sum(_act(broker, _RETRY, wanted, RETRIABLE, Asked(by, reason), terms, course))


def promote(
    broker: Queues,
    wanted: JobFilter,
    *,
    by: str | None = None,
    reason: str = "",
    course: Course | None = None,
) -> int:
    """Have delayed jobs run now. Returns how many."""
    terms = _terms()
    return sum(_act(broker, _PROMOTE, wanted, PROMOTABLE, Asked(by, reason), terms, course))


def prioritise(
    broker: Queues,
    wanted: JobFilter,
    to: int | str,
    *,
    by: str | None = None,
    reason: str = "",
    course: Course | None = None,
) -> int:
    """Give waiting and delayed jobs another priority, a number or one of Kue's names. Returns how many.

    Raises:
      InvalidOption: there is no such priority.
    """
    terms = _terms(b"%d" % parse_priority(to))
    return sum(_act(broker, _PRIORITISE, wanted, PRIORITISABLE, Asked(by, reason), terms, course))


def cancel(
    broker: Queues,
    wanted: JobFilter,
    *,
    by: str | None = None,
    reason: str = "",
    course: Course | None = None,
) -> Cancellation:
    """Cancel jobs: waiting and delayed ones at once; running ones are interrupted like by a time limit."""
    terms = _terms(b"%d" % broker.dead_message_ttl)
    parts = _act(broker, _CANCEL, wanted, CANCELLABLE, Asked(by, reason), terms, course)
    return Cancellation(sum(part[0] for part in parts), sum(part[1] for part in parts))


def delete(
    broker: Queues,
    wanted: JobFilter,
    *,
    by: str | None = None,
    reason: str = "",
    course: Course | None = None,
) -> int:
    """Delete jobs and their records. Running ones are left alone: cancel those first. Returns how many."""
    return sum(_act(broker, _DELETE, wanted, DELETABLE, Asked(by, reason), _terms(b"delete"), course))


def purge(
    broker: Queues, queue: str, *, by: str | None = None, reason: str = "", course: Course | None = None
) -> int:
    """Delete all jobs of a queue but those that run. No other queue is touched. Returns how many."""
    wanted = JobFilter(queue=queue)
    return sum(_act(broker, _DELETE, wanted, DELETABLE, Asked(by, reason), _terms(b"purge"), course))


def pause(broker: Queues, queue: str, *, by: str | None = None, reason: str = "") -> bool:
    """Start no more jobs of a queue, in any process. False if it was paused already."""
    return bool(_act_on_queue(broker, _PAUSE, queue, Asked(by, reason)))


def resume(broker: Queues, queue: str, *, by: str | None = None, reason: str = "") -> bool:
    """Start jobs of a queue again. False if it was not paused."""
    return bool(_act_on_queue(broker, _RESUME, queue, Asked(by, reason)))


def rehearse(
    broker: Queues,
    act: str,
    wanted: JobFilter,
    states: tuple[JobState, ...],
    *,
    by: str | None = None,
    reason: str = "",
) -> int:
    """Change nothing, and write down that an act on these states was asked for so. Returns how many jobs it meant."""
    head = Asked(by, reason).head(in_words(broker, wanted))
    found = every_id(broker, affected(wanted, states))
    for queue, ids in found.items():
        note_as(broker, head, act, queue, len(ids), dry_run=True)
    return sum(map(len, found.values()))


def affected(wanted: JobFilter, states: tuple[JobState, ...]) -> JobFilter:
    """Those of the jobs meant that an act on these states can change; `count` it to ask before acting."""
    meant = tuple(state for state in wanted.states or states if state in states)
    # No state left: an act that finds nothing to do, not one on everything.
    return replace(wanted, states=meant) if meant else replace(wanted, ids=("",))


def _act(
    broker: Queues,
    script: Script,
    wanted: JobFilter,
    states: tuple[JobState, ...],
    asked: Asked,
    terms: _Terms,
    course: Course | None,
) -> list[Any]:
    course = course or Course()
    head = asked.head(in_words(broker, wanted))
    # All are found before any is changed: an act must not meet its own work.
    found = every_id(broker, affected(wanted, states))
    parts = []
    for queue, ids in course.steps(found):
        part = script.run(broker.links, broker.key_base(queue), [*head, *terms(queue, ids)])
        course.changed += sum(part) if isinstance(part, list) else part
        parts.append(part)
    return parts


def _act_on_queue(broker: Queues, script: Script, queue: str, asked: Asked) -> Any:
    return script.run(broker.links, broker.key_base(queue), asked.head(f"queue={queue}"))


def in_words(broker: Queues, wanted: JobFilter) -> str:
    """The jobs meant, as the audit log has it: what is sensitive is masked."""
    sensitive = {
        snake_case(name) for actor in broker.actors.values() for name in actor.options.get("sensitive", ())
    }
    shown = {
        name: MASK if snake_case(name) in sensitive else value for name, value in wanted.arguments.items()
    }
    return str(replace(wanted, arguments=shown))


def _terms(*first: bytes) -> _Terms:
    """What a script is told that needs no more than the ids, after what it is told first."""
    return lambda _, ids: [*first, *(job_id.encode() for job_id in ids)]


def _fresh(encoded: bytes, out_of_queue: tuple[int, int]) -> bytes:
    try:
        message: Message[Any] = Message.decode(encoded)
    except DecodeError:
        return encoded  # A worker of another version may read it.
    options = {name: value for name, value in message.options.items() if name not in _TRACES}
    first = options.get(OUT_OF_QUEUE, out_of_queue)[0]
    options[OUT_OF_QUEUE] = [first, out_of_queue[1]]
    return bytes(replace(message, options=options).encode())
