"""Clients that hold a connection and do nothing with it: each is given some time, and there is room for so many."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_log = logging.getLogger(__name__)

#: Seconds in which the head of a request must be whole, the first as well as those after it.
HEAD_SECONDS = 20.0
#: Bytes that a head may have.
HEAD_BYTES = 64 * 1024
#: Seconds in which a client must read something of an answer, once it has left some unread.
UNREAD_SECONDS = 30.0


class PatientProtocol(HttpToolsProtocol):
    """uvicorn's, with the bounds that it leaves to a proxy. Also tells streams that the server is to stop."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client is there; it is sent away where there are as many as there may be."""
        super().connection_made(transport)
        self._timer: asyncio.TimerHandle | None = None
        self._unread: asyncio.TimerHandle | None = None
        self._head_bytes = 0
        if self.limit_concurrency is not None and len(self.connections) >= self.limit_concurrency:
            self._refuse(503, b"Service Unavailable", b"retry-after: 5\r\n")
            return
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone."""
        self._head_came()
        self.resume_writing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Some bytes, which may be less than the head of a request."""
        if self.transport.is_closing():
            return
        if self._timer is None and (self.cycle is None or self.cycle.response_complete):
            self._await_head()
        if self._timer is not None:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._timer is not None and self._head_bytes > HEAD_BYTES:
            self._refuse(431, b"Request Header Fields Too Large")

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self._head_came()
        super().on_headers_complete()

    def pause_writing(self) -> None:
        """The client does not read as fast as we write."""
        super().pause_writing()
        if self._unread is None:
            self._unread = self.loop.call_later(UNREAD_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """It has read what was left."""
        super().resume_writing()
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def shutdown(self) -> None:
        """The server is to stop: streams, which would go on for ever, are told."""
        stopping: Any = self.app_state.get("stopping")
        if stopping is not None:
            stopping.set()
        super().shutdown()

    def _await_head(self) -> None:
        self._head_bytes = 0
        self._timer = self.loop.call_later(HEAD_SECONDS, self._too_late)

    def _head_came(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _too_late(self) -> None:
        self._timer = None
        self._refuse(408, b"Request Timeout")

    def _refuse(self, status: int, phrase: bytes, headers: bytes = b"") -> None:
        self._head_came()
        if not self.transport.is_closing():
            head = b"HTTP/1.1 %d %s\r\ncontent-length: 0\r\nconnection: close\r\n" % (status, phrase)
            self.transport.write(head + headers + b"\r\n")
            self.transport.close()
