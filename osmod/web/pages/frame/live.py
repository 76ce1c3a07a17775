"""Streams by which open pages are sent their fragments anew: one look at the queues a second, however many read."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Hashable, Sequence
from contextlib import suppress

from fastapi import Request
from sqlalchemy.exc import SQLAlchemyError

from osmod.access.callers import Caller
from osmod.access.tokens import BadToken
from osmod.web.event_stream import EventStream
from osmod.web.guard import caller_of
from osmod.web.pages.frame.changes import Changes
from osmod.web.pages.frame.fragments import Fragment, Rendered
from osmod.web.pages.frame.session import csrf_of, shown
from osmod.web.pages.frame.templates import for_reader
from osmod.web.pages.frame.topics import Topic
from osmod.web.pages.frame.view import View

_log = logging.getLogger(__name__)

#: Seconds between two looks at what has changed.
EVERY = 1.0
#: Seconds between two looks at least, however many readers come.
BETWEEN = 0.1
#: Seconds after which a stream asks again whether its session counts, and says that all is well.
HEARTBEAT = 15.0
#: Milliseconds after which a browser that lost its stream asks again.
RETRY = 2_000

Part = tuple[Fragment, View]


class Stream:
    """One open page. What it was not sent yet is replaced by what is newer, so that none lags behind.

    Parameters:
      parts: the fragments of the page, with what each depends on.
      have: the version of each that the page shows.
    """

    def __init__(self, parts: Sequence[Part], have: dict[str, str]) -> None:
        self.parts = parts
        self.is_new = True
        self._have = have
        self._waiting: dict[str, Rendered] = {}
        self._wake = asyncio.Event()
        self._ended = False

    def offer(self, name: str, rendered: Rendered) -> None:
        """Have it sent a fragment, unless it shows just this."""
        if self._have.get(name) != rendered.version:
            self._have[name] = rendered.version
            self._waiting[name] = rendered
            self._wake.set()

    def end(self) -> None:
        """Let it end; the page opens another when it can."""
        self._ended = True
        self._wake.set()

    async def next(self) -> dict[str, Rendered] | None:
        """What it is to be sent next, nothing after a heartbeat; None: it has ended."""
        with suppress(TimeoutError):
            async with asyncio.timeout(HEARTBEAT):
                await self._wake.wait()
        self._wake.clear()
        waiting, self._waiting = self._waiting, {}
        return None if self._ended else waiting


class Live:
    """All streams of this process. Used from its event loop only, but for `tell`."""

    def __init__(self) -> None:
        self.streams: set[Stream] = set()
        self._loop = asyncio.get_running_loop()
        self._told: set[Topic] = set()
        self._wake = asyncio.Event()
        self._looking: asyncio.Task[None] | None = None

    async def stream(self, request: Request, caller: Caller, parts: Sequence[Part]) -> EventStream:
        """The stream of a page, from now on until the server is to stop or the session is over."""
        have = dict(one.split(".", 1) for one in request.query_params.getlist("have") if "." in one)
        stream = Stream(parts, have)
        self.streams.add(stream)
        if self._looking is None:
            self._looking = asyncio.create_task(self._look(request.state.stopping))
        self._wake.set()
        return EventStream(_frames(request, caller, stream), lambda: self.streams.discard(stream))

    def tell(self, topics: frozenset[Topic]) -> None:
        """Something has changed: look at once. From any thread."""

        def note() -> None:
            self._told |= topics
            self._wake.set()

        self._loop.call_soon_threadsafe(note)

    async def close(self) -> None:
        """End all streams, and look no more."""
        for stream in self.streams:
            stream.end()
        if self._looking is not None:
            self._looking.cancel()
            with suppress(asyncio.CancelledError):
                await self._looking

    async def _look(self, stopping: asyncio.Event) -> None:
        """Look as long as somebody reads, or might again."""
        changes = Changes()
        while not stopping.is_set():
            self._wake.clear()
            if self.streams:
                try:
                    await self._hand_out(await asyncio.to_thread(changes.look))
                except Exception:  # noqa: BLE001 - logged; the next look may go well
                    _log.exception("pages that are open are not shown what changed")
            await self._pause(stopping)
        for stream in self.streams:
            stream.end()

    async def _pause(self, stopping: asyncio.Event) -> None:
        """Until it is time to look again; whoever is new, or has done something, waits for less than that."""
        await asyncio.sleep(BETWEEN)
        with suppress(TimeoutError):
            async with asyncio.timeout(EVERY - BETWEEN):
                await (self._wake if self.streams else stopping).wait()

    async def _hand_out(self, changed: frozenset[Topic]) -> None:
        """Have every fragment that is about what changed rendered once, and offered to all who look at it."""
        changed, self._told = changed | self._told, set()
        wanted: dict[Hashable, tuple[Part, list[Stream]]] = {}
        for stream in self.streams:
            for fragment, view in stream.parts:
                if stream.is_new or fragment.topics & changed:
                    key = (fragment.page, fragment.name, view.key)
                    wanted.setdefault(key, ((fragment, view), []))[1].append(stream)
            stream.is_new = False
        for (fragment, view), streams in wanted.values():
            rendered = await asyncio.to_thread(fragment.rendered, view)
            for stream in streams:
                stream.offer(fragment.name, rendered)


async def _frames(request: Request, caller: Caller, stream: Stream) -> AsyncIterator[bytes]:
    token = shown(request) or ""
    csrf = csrf_of(token)
    yield f"retry: {RETRY}\n\n".encode()
    asked = time.monotonic()
    while (waiting := await stream.next()) is not None:
        for name, rendered in waiting.items():
            told = {"name": name, "version": rendered.version, "html": for_reader(rendered.html, csrf)}
            yield f"event: fragment\ndata: {json.dumps(told)}\n\n".encode()
        if time.monotonic() - asked >= HEARTBEAT:
            asked = time.monotonic()
            if not await asyncio.to_thread(_still_counts, request, caller, token):
                yield b"event: over\ndata:\n\n"
                return
            yield b": all is well\n\n"


def _still_counts(request: Request, caller: Caller, token: str) -> bool:
    """Whether a session is what it was. While the database is away it is."""
    try:
        return caller_of(request, token) == caller
    except BadToken:
        return False
    except SQLAlchemyError:
        return True
