"""Schedules seen and steered from outside: what `osmod schedules` shows and does."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from dramatiq import Actor, Broker, Message

from osmod.jobs.schedules.middleware import SchedulesMiddleware
from osmod.jobs.schedules.schedule import Schedule
from osmod.jobs.schedules.store import moment


class UnknownSchedule(LookupError):
    """No periodic actor has this name."""


class ScheduleBusy(RuntimeError):
    """The schedule's last run is not done, and its runs do not overlap."""


#: Slots ahead that are told.
AHEAD = 3


@dataclass(frozen=True)
class ScheduleRun:
    """How a run ended. `outcome` is as in `ScheduleState`; `duration` is None where it did not run."""

    job_id: str
    outcome: str
    ended: datetime
    duration: timedelta | None


@dataclass(frozen=True)
class ScheduleState:
    """One schedule as `osmod schedules list` shows it.

    Attributes:
      name, queue: of its actor.
      spec, words: the schedule as written, and in a sentence.
      next: the next slot; None while it is paused.
      upcoming: the next three; none while it is paused.
      runs: how the last runs ended, oldest first, thirty at most.
      last_slot: the last slot that is settled: sent, left out, or passed in a pause.
      last_started, last_finished, last_duration: of the last run, whoever sent it.
      last_outcome: `done`, `failed`, `retrying`, `skipped`, `refused` (by the queue), or None.
      last_error: what the last run raised, or an empty text.
      running, waiting: whether a run is in progress, or sent and not begun.
      overlaps: slots left out since the run before was not done.
      catch_up, overlap: the schedule's options.
    """

    name: str
    queue: str
    spec: str
    words: str
    next: datetime | None
    upcoming: tuple[datetime, ...]
    runs: tuple[ScheduleRun, ...]
    last_slot: datetime | None
    last_started: datetime | None
    last_finished: datetime | None
    last_duration: timedelta | None
    last_outcome: str | None
    last_error: str
    paused: bool
    running: bool
    waiting: bool
    overlaps: int
    catch_up: bool
    overlap: bool

    @property
    def cron_fields(self) -> str:
        """A cron schedule's `0 6 * * mon`; of an interval nothing, as its words say all of it."""
        return "" if self.spec.startswith("every ") else self.spec.rpartition(" (")[0]

    def as_dict(self) -> dict[str, Any]:
        """The state in values that JSON has: moments in ISO 8601, lengths of time in seconds."""
        return {name: _plain(value) for name, value in vars(self).items()}


def list_schedules(broker: Broker, now: datetime | None = None) -> list[ScheduleState]:
    """Return the state of every periodic actor of `broker`, by name.

    `now` is an aware datetime, default the present.

    Raises:
      redis.RedisError, OSError: as `osmod.jobs.schedules.store.Store`.
    """
    present = now or datetime.now(UTC)
    return [_state(broker, actor, present) for actor in _periodic_actors(broker)]


def run_now(broker: Broker, name: str) -> Message[Any]:
    """Queue a run of the schedule `name` at once, paused or not, and return its message.

    Raises:
      UnknownSchedule: no periodic actor has this name.
      ScheduleBusy: its last run is not done.
      redis.RedisError, OSError: as `osmod.jobs.schedules.store.Store`.
      JobNotQueued: as the broker's `enqueue`.
    """
    actor = _actor(broker, name)
    middleware = SchedulesMiddleware.of(broker)
    store, message_id, now = middleware.store(broker), str(uuid4()), datetime.now(UTC)
    overlap = _schedule(actor).overlap
    busy = store.reserve(name, message_id, now, overlap=overlap)
    if busy and middleware.is_open and middleware.is_open(broker, actor.queue_name, busy) is False:
        busy = store.reserve(name, message_id, now, overlap=overlap, gone=busy)
    if busy:
        raise ScheduleBusy(f"{name} is not run: its last run ({busy}) is not done.")
    return broker.enqueue(replace(actor.message_with_options(), message_id=message_id))


def pause(broker: Broker, name: str) -> None:
    """Let the schedule `name` send nothing until it is resumed, over restarts too.

    Raises:
      UnknownSchedule: no periodic actor has this name.
    """
    _set_paused(broker, name, True)


def resume(broker: Broker, name: str) -> None:
    """Let the schedule `name` send again, from its next slot on.

    Raises:
      UnknownSchedule: no periodic actor has this name.
    """
    _set_paused(broker, name, False)


def _set_paused(broker: Broker, name: str, paused: bool) -> None:
    _actor(broker, name)
    SchedulesMiddleware.of(broker).store(broker).set_paused(name, paused, datetime.now(UTC))


def _state(broker: Broker, actor: Actor[Any, Any], now: datetime) -> ScheduleState:
    schedule = _schedule(actor)
    record = SchedulesMiddleware.of(broker).store(broker).read(actor.actor_name)
    paused, running = record.get("paused") == "1", record.get("running") == "1"
    outstanding_until = moment(record.get("outstanding_until"))
    duration = record.get("duration")
    upcoming = () if paused else _upcoming(schedule, now)
    return ScheduleState(
        name=actor.actor_name,
        queue=actor.queue_name,
        spec=schedule.spec,
        words=schedule.words,
        next=upcoming[0] if upcoming else None,
        upcoming=upcoming,
        runs=tuple(_run(line) for line in record.get("runs", "").split("\n") if line),
        last_slot=moment(record.get("last_slot")),
        last_started=moment(record.get("started")),
        last_finished=moment(record.get("finished")),
        last_duration=timedelta(milliseconds=int(duration)) if duration else None,
        last_outcome=record.get("outcome"),
        last_error=record.get("error", ""),
        paused=paused,
        running=running,
        waiting=not running and outstanding_until is not None and outstanding_until > now,
        overlaps=int(record.get("overlaps", "0")),
        catch_up=schedule.catch_up,
        overlap=schedule.overlap,
    )


def _upcoming(schedule: Schedule, now: datetime) -> tuple[datetime, ...]:
    slots = [schedule.next_after(now)]
    while len(slots) < AHEAD:
        slots.append(schedule.next_after(slots[-1]))
    return tuple(slots)


def _run(line: str) -> ScheduleRun:
    job_id, outcome, ended, duration = line.split(" ", 3)
    took = timedelta(milliseconds=int(duration)) if duration else None
    return ScheduleRun(job_id, outcome, _moment(ended), took)


def _moment(kept: str) -> datetime:
    found = moment(kept)
    assert found is not None
    return found


def _periodic_actors(broker: Broker) -> list[Actor[Any, Any]]:
    periodic = [actor for actor in broker.actors.values() if actor.options.get("periodic") is not None]
    return sorted(periodic, key=lambda actor: actor.actor_name)


def _schedule(actor: Actor[Any, Any]) -> Schedule:
    schedule: Schedule = actor.options["periodic"]
    return schedule


def _actor(broker: Broker, name: str) -> Actor[Any, Any]:
    actors = {actor.actor_name: actor for actor in _periodic_actors(broker)}
    if name in actors:
        return actors[name]
    near = difflib.get_close_matches(name, actors, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(actors) or 'none'}."
    raise UnknownSchedule(f"No schedule {name!r}: {hint}")


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if isinstance(value, ScheduleRun):
        return {name: _plain(field) for name, field in vars(value).items()}
    if isinstance(value, timedelta):
        return value.total_seconds()
    return value.isoformat() if isinstance(value, datetime) else value
