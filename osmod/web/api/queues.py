"""`/queues`: how they are doing, and pausing, emptying and checking one."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path

from osmod.jobs import steering
from osmod.jobs.queue.presence import known_queues
from osmod.jobs.records.filters import JobFilter
from osmod.jobs.records.find import count
from osmod.jobs.records.naming import suggested
from osmod.jobs.records.overview import queue_overview
from osmod.web.api.answers import answers
from osmod.web.api.examples import QUEUE
from osmod.web.api.queue import (
    Confirm,
    DryRun,
    Operator,
    Queue,
    Reason,
    Text,
    Viewer,
    confirmed,
    known_query,
    who,
)
from osmod.web.api.shapes.jobs import ActOutcome
from osmod.web.api.shapes.queues import Checked, Queues, QueueShown
from osmod.web.api.shapes.shape import Changed
from osmod.web.problems import Problem

router = APIRouter(prefix="/queues", tags=["queues"], dependencies=[Depends(known_query)])


def known(broker: Queue, queue: Annotated[Text, Path(description="The queue's name.")]) -> str:
    """The queue that is meant.

    Raises:
      Problem: 404, there is none of this name.
    """
    names = known_queues(broker)
    if queue not in names:
        detail = f"There is no queue {queue[:80]!r}; {suggested(queue, names)}"
        raise Problem(404, detail, field="queue")
    return queue


Named = Annotated[str, Depends(known)]


@router.get("", **answers(Queues, {"queues": [QUEUE]}))
def list_queues(_caller: Viewer, broker: Queue) -> dict[str, Any]:
    """How many jobs are where, for how many seconds the oldest has waited, what was counted so far."""
    found = [queue_overview(broker, name) for name in known_queues(broker)]
    return {"queues": [one.as_dict() for one in found]}


@router.get("/{queue}", **answers(QueueShown, QUEUE, 404))
def show_queue(_caller: Viewer, broker: Queue, queue: Named) -> dict[str, Any]:
    """How a queue is doing."""
    return queue_overview(broker, queue).as_dict()


@router.post("/{queue}/pause", **answers(Changed, {"changed": True}, 404))
def pause_queue(caller: Operator, broker: Queue, queue: Named, reason: Reason = "") -> dict[str, Any]:
    """Start no more jobs of a queue, in any process; running ones end, new ones are taken in."""
    return {"changed": steering.pause(broker, queue, by=who(caller), reason=reason)}


@router.post("/{queue}/resume", **answers(Changed, {"changed": True}, 404))
def resume_queue(caller: Operator, broker: Queue, queue: Named, reason: Reason = "") -> dict[str, Any]:
    """Start jobs of a queue again."""
    return {"changed": steering.resume(broker, queue, by=who(caller), reason=reason)}


@router.post("/{queue}/purge", **answers(ActOutcome, {"count": 12}, 404))
def purge_queue(
    caller: Operator,
    broker: Queue,
    queue: Named,
    confirm: Confirm = None,
    dry_run: DryRun = False,
    reason: Reason = "",
) -> dict[str, Any]:
    """Delete all jobs of a queue with their records, but those that run. Without `confirm`: 409 with their number."""
    by, wanted = who(caller), JobFilter(queue=queue, states=steering.DELETABLE)
    if dry_run:
        number = steering.rehearse(broker, "purge", wanted, steering.DELETABLE, by=by, reason=reason)
        return {"count": number, "dry_run": True}
    number = count(broker, wanted)
    confirmed(confirm, number, f"{number:,} job{'s' * (number != 1)} of {queue} would be deleted.")
    return {"count": steering.purge(broker, queue, by=by, reason=reason)}


_PROBLEMS = {
    "problems": [
        {"queue_name": "default", "message_id": "5e1f0c9a", "wrong": "in no place", "remedy": "make it wait"}
    ],
    "mended": False,
}


@router.get("/{queue}/check", **answers(Checked, _PROBLEMS, 404))
def check_queue(_caller: Viewer, broker: Queue, queue: Named) -> dict[str, Any]:
    """Look for what must not be in a queue: a job in two places, one in none. Workers may go on meanwhile."""
    found = steering.check(broker, False, [queue])
    return {"problems": [vars(finding) for finding in found], "mended": False}


@router.post("/{queue}/check", **answers(Checked, {**_PROBLEMS, "mended": True}, 404))
def repair_queue(_caller: Operator, broker: Queue, queue: Named) -> dict[str, Any]:
    """Look for what must not be in a queue, and mend it."""
    found = steering.check(broker, True, [queue])
    return {"problems": [vars(finding) for finding in found], "mended": True}
