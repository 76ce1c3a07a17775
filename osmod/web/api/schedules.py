"""`/schedules`: what runs when, and running, pausing and resuming one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path

from osmod.jobs import by_hand
from osmod.jobs.records.naming import actor_name
from osmod.jobs.schedules import ScheduleBusy, UnknownSchedule, list_schedules
from osmod.web.api.answers import answers
from osmod.web.api.examples import ID, SCHEDULE
from osmod.web.api.queue import Operator, Queue, Reason, Text, Viewer, known_query, who
from osmod.web.api.shapes.jobs import SentJob
from osmod.web.api.shapes.schedules import Schedules
from osmod.web.api.shapes.shape import Changed
from osmod.web.problems import Problem

#: A schedule, as its actor is called.
Name = Annotated[Text, Path(description="The name of its actor, in either spelling.")]

router = APIRouter(prefix="/schedules", tags=["schedules"], dependencies=[Depends(known_query)])


@router.get("", **answers(Schedules, {"schedules": [SCHEDULE]}))
def show_schedules(_caller: Viewer, broker: Queue) -> dict[str, Any]:
    """What runs when: in words, next run, last run and how it went. Lengths of time are in seconds."""
    return {"schedules": [state.as_dict() for state in list_schedules(broker)]}


@router.post("/{schedule}/run", **answers(SentJob, {"id": ID, "created": True}, 404, status=201))
def run_schedule(caller: Operator, broker: Queue, schedule: Name, reason: Reason = "") -> dict[str, Any]:
    """Queue a run at once, paused or not; 409 if the last one is not done."""
    with _refusals():
        name = actor_name(broker, schedule)
        message = by_hand.run_schedule(broker, name, by=who(caller), reason=reason)
    return {"id": message.message_id, "created": True}


@router.post("/{schedule}/pause", **answers(Changed, {"changed": True}, 404))
def pause_schedule(caller: Operator, broker: Queue, schedule: Name, reason: Reason = "") -> dict[str, Any]:
    """Let it send nothing until it is resumed."""
    with _refusals():
        name = actor_name(broker, schedule)
        return {"changed": by_hand.pause_schedule(broker, name, by=who(caller), reason=reason)}


@router.post("/{schedule}/resume", **answers(Changed, {"changed": True}, 404))
def resume_schedule(caller: Operator, broker: Queue, schedule: Name, reason: Reason = "") -> dict[str, Any]:
    """Let it send again, from its next time on."""
    with _refusals():
        name = actor_name(broker, schedule)
        return {"changed": by_hand.resume_schedule(broker, name, by=who(caller), reason=reason)}


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except UnknownSchedule as error:
        raise Problem(404, str(error), field="schedule") from None
    except ScheduleBusy as error:
        raise Problem(409, str(error)) from None
