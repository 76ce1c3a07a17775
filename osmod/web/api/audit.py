"""`/audit`: who did what to the jobs."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from osmod.jobs.records.cursors import BadCursor
from osmod.jobs.records.filters import JobFilter
from osmod.jobs.records.naming import unknown
from osmod.jobs.steering import audit_page
from osmod.web.api.answers import answers
from osmod.web.api.choosing import When, moment
from osmod.web.api.examples import AUDIT_ENTRY
from osmod.web.api.queue import Queue, Text, Viewer, known_query
from osmod.web.api.shapes.audit import Acts
from osmod.web.problems import Problem

router = APIRouter(prefix="/audit", tags=["audit"], dependencies=[Depends(known_query)])


@router.get("", **answers(Acts, {"acts": [AUDIT_ENTRY], "cursor": "WzE3…", "hints": []}))
def list_acts(
    _caller: Viewer,
    broker: Queue,
    queue: Annotated[Text | None, Query(min_length=1, description="Only acts on this queue.")] = None,
    until: When = None,
    limit: Annotated[int, Query(ge=1, le=1_000, description="Acts shown.")] = 50,
    cursor: Annotated[Text | None, Query(description="Go on after the page that said this.")] = None,
) -> dict[str, Any]:
    """Who retried, cancelled, deleted, sent, paused what, and why, newest first, in pages.

    `cursor` goes on from a page; null: it was the last.
    """
    try:
        page = audit_page(broker, queue=queue, limit=limit, until=moment("until", until), cursor=cursor)
    except BadCursor as error:
        raise Problem(422, f"{error}.", field="cursor") from None
    hints = [] if page.acts else unknown(broker, JobFilter(queue=queue))
    return {"acts": [act.as_dict() for act in page.acts], "cursor": page.cursor, "hints": hints}
