"""Bodies that are too large, come too slowly or stop half-way."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from osmod.web.problems import Problem, answer

#: Bytes of a body, as in OSMod's server.
LIMIT = 2 * 1024 * 1024
#: Seconds in which a body must be whole.
WHOLE = 30.0
#: Seconds in which more of a stream must come.
NEXT = 30.0


class BodyLimits:
    """Refuses a body over its limit (413), and one that is not there in time (408).

    Parameters:
      streams: paths whose bodies are read bit by bit, and how many bytes each may have at most.
    """

    def __init__(self, app: ASGIApp, streams: Mapping[str, int]) -> None:
        self._app = app
        self._streams = streams

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = scope["path"]
        limit = self._streams.get(path, LIMIT)
        announced = Headers(scope=scope).get("Content-Length", "0")
        if announced.isdecimal() and int(announced) > limit:
            await answer(Request(scope, receive), _too_large(limit))(scope, receive, send)
            return
        body = _Body(receive, limit, whole=None if path in self._streams else WHOLE)
        await self._app(scope, body.receive, send)


class _Body:
    """The body of one request, as it comes."""

    def __init__(self, receive: Receive, limit: int, whole: float | None) -> None:
        self._receive = receive
        self._limit = limit
        self._deadline = None if whole is None else time.monotonic() + whole
        self._read = 0
        self._done = False

    async def receive(self) -> Message:
        """The next of it; after its end, that the client is gone.

        Raises:
          Problem: 408, 413.
        """
        if self._done:
            return await self._receive()
        try:
            async with asyncio.timeout(self._patience()):
                message = await self._receive()
        except TimeoutError:
            raise Problem(408, "The body did not come in time.", headers={"Connection": "close"}) from None
        if message["type"] == "http.request":
            self._read += len(message.get("body", b""))
            self._done = not message.get("more_body", False)
            if self._read > self._limit:
                raise _too_large(self._limit)
        return message

    def _patience(self) -> float:
        return NEXT if self._deadline is None else max(0.0, self._deadline - time.monotonic())


def _too_large(limit: int) -> Problem:
    detail = f"The body is larger than {limit} bytes, which is the most here: send it in parts."
    return Problem(413, detail, headers={"Connection": "close"}, limit=limit)
