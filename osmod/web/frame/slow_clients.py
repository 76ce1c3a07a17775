"""Clients that hold a connection and do nothing with it: each is given some time, and there is room for so many."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from osmod.web.frame.upgrades import OneProtocol

_log = logging.getLogger(__name__)

#: Seconds in which the head of a request must be whole, the first as well as those after it.
HEAD_SECONDS = 20.0
#: Bytes that a head may have.
HEAD_BYTES = 64 * 1024
#: Seconds in which a client must read something of an answer, once it has left some unread.
UNREAD_SECONDS = 30.0


class PatientProtocol(OneProtocol):
    """uvicorn's, with the bounds that it leaves to a proxy. Also tells streams that the server is to stop."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client is there; it is sent away where there are as many as there may be."""
        super().connection_made(transport)
        self._timer: asyncio.TimerHandle | None = None
        self._unread: asyncio.TimerHandle | None = None
        self._head_bytes = 0
        self._in_body = False
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
        if self._timer is None and self._is_answered():
            self._await_head()
        if not self._in_body:
            self._head_bytes += len(data)
        super().data_received(data)
        if not self._in_body and self._head_bytes > HEAD_BYTES:
            self._refuse(431, b"Request Header Fields Too Large")

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self._head_came()
        self._in_body = True
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The body is whole, or there is none; it may have been answered before."""
        self._head_came()
        self._in_body = False
        super().on_message_complete()

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

    def _is_answered(self) -> bool:
        """Whether no request is under way; the rest of a body may come all the same."""
        return self.cycle is None or self.cycle.response_complete

    def _await_head(self) -> None:
        self._timer = self.loop.call_later(HEAD_SECONDS, self._too_late)

    def _head_came(self) -> None:
        self._head_bytes = 0
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _too_late(self) -> None:
        self._refuse(408, b"Request Timeout")

    def _refuse(self, status: int, phrase: bytes, headers: bytes = b"") -> None:
        """Close the connection, and say why unless that would be taken for the answer to another request."""
        self._head_came()
        if self.transport.is_closing():
            return
        if self._is_answered() and not self._in_body:
            head = b"HTTP/1.1 %d %s\r\ncontent-length: 0\r\nconnection: close\r\n" % (status, phrase)
            self.transport.write(head + headers + b"\r\n")
        self.transport.close()
