"""`/events`: what happens to jobs, as it happens, as server-sent events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Header, Query, Request
from fastapi.concurrency import run_in_threadpool

from osmod.jobs.broker import JobBroker
from osmod.jobs.events import JobEventKind
from osmod.jobs.records.naming import actor_name
from osmod.web.api.answers import answers
from osmod.web.api.queue import Queue, Text, Viewer, known_query
from osmod.web.event_stream import EventStream
from osmod.web.hub import RETRY, BadPosition, Hub, Positions, Reader, missed, read, wanting
from osmod.web.problems import Problem


@asynccontextmanager
async def _lifespan(_app: FastAPI) -> AsyncIterator[dict[str, Any]]:
    hub = Hub()
    yield {"hub": hub}
    await hub.close()


router = APIRouter(prefix="/events", tags=["events"], dependencies=[Depends(known_query)], lifespan=_lifespan)

_EXAMPLE = (
    "id: eyJkZWZhdWx0IjogIjE3NjQyNTAwMDAwMDAtMCJ9\n"
    "event: completed\n"
    'data: {"event": "completed", "job": "5e1f0c9a-6c5f-4b52-9a4f-1f1f2a3b4c5d", "queue": "default", …}\n\n'
)


@router.get(
    "",
    **{**answers(None, _EXAMPLE, media="text/event-stream"), "response_class": EventStream},
)
async def stream_events(
    request: Request,
    _caller: Viewer,
    broker: Queue,
    queue: Annotated[list[Text], Query(max_length=100, description="Only of these queues.")] = [],  # noqa: B006
    actor: Annotated[
        list[Text], Query(max_length=100, description="Only of these actors, in either spelling.")
    ] = [],  # noqa: B006 - FastAPI copies it
    kind: Annotated[list[JobEventKind], Query(max_length=7, description="Only these.")] = [],  # noqa: B006
    last_event_id: Annotated[
        str | None,
        Header(max_length=64_000, description="Go on after this event; browsers say it by themselves."),
    ] = None,
) -> EventStream:
    """Everything that happens to jobs from now on: enqueued, started, progress, retried, failed, completed, cancelled.

    Of arguments events say nothing. A comment comes every 15 seconds, whatever happens. The last 10,000 events of a
    queue, within an hour, are kept for whoever comes back with `Last-Event-ID`, as long as somebody watches it, and
    for half a minute after. A reader that lags by more than 1,000 events is sent away, and may come back so.
    """
    after = _position(last_event_id)
    names = [await run_in_threadpool(actor_name, broker, one) for one in actor]
    hub: Hub = request.state.hub
    stopping: asyncio.Event = request.state.stopping
    reader = await hub.join(broker, wanting(queue, names, kind), stopping)
    return EventStream(_frames(broker, reader, after), lambda: hub.leave(reader))


async def _frames(broker: JobBroker, reader: Reader, after: Positions | None) -> AsyncIterator[bytes]:
    yield f"retry: {RETRY}\n\n".encode()
    if after is not None:
        async for frame in missed(broker, reader, after):
            yield frame
    async for frame in reader.frames():
        yield frame


def _position(text: str | None) -> Positions | None:
    if not text:
        return None
    try:
        return read(text)
    except BadPosition as error:
        raise Problem(422, f"Last-Event-ID: {error}.", field="Last-Event-ID") from None
