"""`/audit`: who did what to the jobs."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from osmod.jobs.records.filters import JobFilter
from osmod.jobs.records.naming import unknown
from osmod.jobs.steering import audit_log
from osmod.web.api.answers import answers
from osmod.web.api.choosing import When, moment
from osmod.web.api.examples import AUDIT_ENTRY
from osmod.web.api.queue import Queue, Text, Viewer, known_query

router = APIRouter(prefix="/audit", tags=["audit"], dependencies=[Depends(known_query)])


@router.get("", **answers({"acts": [AUDIT_ENTRY], "hints": []}))
def list_acts(
    _caller: Viewer,
    broker: Queue,
    queue: Annotated[Text | None, Query(description="Only acts on this queue.")] = None,
    until: When = None,
    limit: Annotated[int, Query(ge=1, le=1_000, description="Acts shown.")] = 50,
) -> dict[str, Any]:
    """Who retried, cancelled, deleted, sent, paused what, and why, newest first.

    `until` with the moment of the last act shown goes on from there; that act, known by its `id`, comes again.
    """
    found = audit_log(broker, queue=queue, limit=limit, until=moment("until", until))
    hints = [] if found else unknown(broker, JobFilter(queue=queue))
    return {"acts": [act.as_dict() for act in found], "hints": hints}
