"""Bodies that are too large, come too slowly or stop half-way."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from contextlib import suppress

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
#: Bytes, and seconds, for which a body that was refused is read on, so that its sender hears of it.
DRAINED = 16 * 1024 * 1024
DRAINING = 3.0


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
        body = _Body(receive, limit, whole=None if path in self._streams else WHOLE)
        announced = Headers(scope=scope).get("Content-Length", "0")
        if announced.isdecimal() and int(announced) > limit:
            refused = answer(Request(scope, receive), body.too_large())
            await refused(scope, receive, body.ending(send))
        else:
            await self._app(scope, body.receive, body.ending(send))


class _Body:
    """The body of one request, as it comes."""

    def __init__(self, receive: Receive, limit: int, whole: float | None) -> None:
        self._receive = receive
        self._limit = limit
        self._deadline = None if whole is None else time.monotonic() + whole
        self._read = 0
        self._done = False
        self._is_too_large = False

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
                raise self.too_large()
        return message

    def too_large(self) -> Problem:
        """Refuse it: the connection is closed after the answer."""
        self._is_too_large = True
        detail = f"The body is larger than {self._limit} bytes, which is the most here: send it in parts."
        return Problem(413, detail, headers={"Connection": "close"}, limit=self._limit)

    def ending(self, send: Send) -> Send:
        """`send`, except that an answer to a body that is too large ends once the client had time to read it.

        The system resets a connection that is closed with bytes unread, and the client may lose the answer by that.
        """

        async def sent(message: Message) -> None:
            last = message["type"] == "http.response.body" and not message.get("more_body", False)
            if not (last and self._is_too_large):
                await send(message)
                return
            await send({**message, "more_body": True})
            await self._drain()
            await send({"type": "http.response.body", "body": b""})

        return sent

    async def _drain(self) -> None:
        """Read on, to throw it away."""
        most = self._read + DRAINED
        with suppress(TimeoutError):
            async with asyncio.timeout(DRAINING):
                while self._read < most and not self._done:
                    message = await self._receive()
                    self._read += len(message.get("body", b""))
                    self._done = not message.get("more_body", False)

    def _patience(self) -> float:
        return NEXT if self._deadline is None else max(0.0, self._deadline - time.monotonic())
