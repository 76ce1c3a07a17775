"""What operators send by hand: jobs, checked before they are queued, and runs of schedules; all written down."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dramatiq import Actor, Message

from osmod.jobs.broker import JobBroker
from osmod.jobs.enqueue import Enqueued, enqueue
from osmod.jobs.errors import UnknownArgument
from osmod.jobs.messages.arguments import described, parameters, snake_case
from osmod.jobs.records.naming import actor_name, suggested
from osmod.jobs.schedules import list_schedules, pause, resume, run_now
from osmod.jobs.steering.audit import note


class UnknownActor(LookupError):
    """No actor has this name; the message suggests what was meant."""


def enqueue_by_hand(
    broker: JobBroker,
    name: str,
    arguments: Mapping[str, Any],
    options: Mapping[str, Any],
    *,
    by: str | None = None,
    reason: str = "",
) -> Enqueued:
    """Queue a job of an actor of this process, named in either spelling, as its arguments may be.

    Raises:
      UnknownActor: there is none of this name.
      UnknownArgument, UnknownOption, InvalidOption, TypeError, ValueError: as `enqueue`, or the actor refuses what it
        is given; nothing is queued then.
      JobNotQueued: Redis was away for too long.
    """
    actor = broker.actors.get(actor_name(broker, name))
    if actor is None:
        raise UnknownActor(f"there is no actor {name!r}; {suggested(name, broker.actors)}")
    values = {snake_case(argument): value for argument, value in arguments.items()}
    _check(actor, values)
    sent = enqueue(actor, **values, **options)
    if sent.created:
        what = f"{described(actor, sent.message)} id={sent.message_id}"
        note(broker, "enqueue", what, queue=actor.queue_name, by=by, reason=reason)
    return sent


def run_schedule(broker: JobBroker, name: str, *, by: str | None = None, reason: str = "") -> Message[Any]:
    """Queue a run of a schedule at once, and return its message.

    Raises:
      UnknownSchedule: no periodic actor has this name.
      ScheduleBusy: its last run is not done.
    """
    message = run_now(broker, name)
    what = f"schedule={name} id={message.message_id}"
    note(broker, "run schedule", what, queue=message.queue_name, by=by, reason=reason)
    return message


def pause_schedule(broker: JobBroker, name: str, *, by: str | None = None, reason: str = "") -> bool:
    """Let a schedule send nothing until it is resumed. False if it was paused already.

    Raises:
      UnknownSchedule: no periodic actor has this name.
    """
    if _is_paused(broker, name):
        return False
    pause(broker, name)
    _note(broker, "pause schedule", name, by, reason)
    return True


def resume_schedule(broker: JobBroker, name: str, *, by: str | None = None, reason: str = "") -> bool:
    """Let a schedule send again, from its next time on. False if it was not paused.

    Raises:
      UnknownSchedule: no periodic actor has this name.
    """
    was_paused = _is_paused(broker, name)
    resume(broker, name)
    if was_paused:
        _note(broker, "resume schedule", name, by, reason)
    return was_paused


def _check(actor: Actor[Any, Any], values: Mapping[str, Any]) -> None:
    """Refuse what the actor itself would refuse. Actors that check their payload can do so beforehand."""
    known = parameters(actor)
    unknown = [name for name in values if known and name not in known]
    if unknown:
        raise UnknownArgument(
            f"{actor.actor_name} has no argument {unknown[0]!r}; it takes {', '.join(known)}."
        )
    payload: Any = getattr(actor.fn, "payload", None)
    if payload is not None:
        payload.read((), dict(values))


def _is_paused(broker: JobBroker, name: str) -> bool:
    return next((state.paused for state in list_schedules(broker) if state.name == name), False)


def _note(broker: JobBroker, act: str, name: str, by: str | None, reason: str) -> None:
    note(broker, act, f"schedule={name}", queue=broker.actors[name].queue_name, by=by, reason=reason)
