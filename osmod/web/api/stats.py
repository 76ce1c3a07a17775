"""`/stats`: queues, rates, running jobs and workers at one look."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from fastapi.concurrency import run_in_threadpool

from osmod.jobs.records.overview import snapshot
from osmod.web.api.answers import answers
from osmod.web.api.examples import JOB, QUEUE, WORKER
from osmod.web.api.queue import Queue, Viewer, known_query
from osmod.web.api.shapes.stats import Stats

router = APIRouter(prefix="/stats", tags=["stats"], dependencies=[Depends(known_query)])

_RATES = {"done": 12.5, "failed": 0.0, "retried": 0.1, "cancelled": 0.0, "recovered": 0.0}


@router.get(
    "", **answers(Stats, {"queues": [{**QUEUE, "per_second": _RATES}], "running": [JOB], "workers": [WORKER]})
)
async def show_stats(
    _caller: Viewer,
    broker: Queue,
    every: Annotated[
        float, Query(ge=0.2, le=10, description="Seconds between the two looks that rates come from.")
    ] = 1.0,
) -> dict[str, Any]:
    """How all queues are doing, what they do in a second, what runs, and which workers live."""
    before = await run_in_threadpool(snapshot, broker)
    await asyncio.sleep(every)
    after = await run_in_threadpool(snapshot, broker)
    return after.as_dict(before)
