"""One connection, over which requests go one after another: HTTP/1.1 on asyncio's sockets, parsed in C."""

from __future__ import annotations

import asyncio
import select
import ssl
from dataclasses import dataclass
from typing import Any

import httptools

from osmod.outgoing.no_answer import NoAnswer, hung_up

#: Bytes of an answer's head.
MOST_HEAD = 100 * 1024


@dataclass(frozen=True)
class Response:
    """What came over a connection; headers have lower-case names."""

    status: int
    reason: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Bounds:
    """How long an answer is waited for, and how much of it is taken.

    Parameters:
      silence: seconds without a byte.
      most_bytes: of its body.
      cut: of a longer one these are enough.
      head_alone: its body is none, or none of ours.
    """

    silence: float
    most_bytes: int = 0
    cut: bool = False
    head_alone: bool = False


class Connection(asyncio.Protocol):
    """A connection to one server or proxy, and what its parser finds. For one request at a time.

    Attributes:
      is_open: whether it may be asked once more.
    """

    def __init__(self) -> None:
        self.is_open = False
        self._transport: Any = None
        self._loop = asyncio.get_running_loop()
        self._answer: asyncio.Future[Response] | None = None
        self._watch: asyncio.TimerHandle | None = None
        self._parser = httptools.HttpResponseParser(self)

    async def ask(self, request: bytes, bounds: Bounds) -> Response:
        """Send a request, and take in its answer. If it raises, or is cancelled, the connection is to be aborted.

        Raises:
          NoAnswer: `reset`, `timeout` or `too_long`.
        """
        if not self.is_open:
            raise hung_up()
        self._bounds = bounds
        self._answer = self._loop.create_future()
        self._head = 0
        self._begin()
        self._heard = self._loop.time()
        self._transport.write(request)
        self._watch = self._loop.call_later(bounds.silence, self._look)
        try:
            return await self._answer
        finally:
            self._watch.cancel()
            self._answer = None

    async def secure(self, tls: ssl.SSLContext, name: str) -> None:
        """Speak TLS from now on, with the server called `name`, behind the proxy that was asked for it.

        Raises:
          OSError: it does not, or is not believed.
        """
        self._transport = await self._loop.start_tls(self._transport, self, tls, server_hostname=name)
        self._parser = httptools.HttpResponseParser(self)

    def is_silent(self) -> bool:
        """Whether nobody has hung up, or spoken unasked, since the loop looked last: a busy one looks seldom."""
        if not self.is_open:
            return False
        looking = select.poll()
        looking.register(self._transport.get_extra_info("socket"), select.POLLIN)
        return not looking.poll(0)

    def close(self) -> None:
        """Take leave; nothing is under way."""
        self.is_open = False
        self._transport.close()

    def abort(self) -> None:
        """Close at once."""
        self.is_open = False
        self._transport.abort()

    # What asyncio tells.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport, self.is_open = transport, True

    def data_received(self, data: bytes) -> None:
        if self._done():
            self.abort()  # nobody asked
            return
        self._heard = self._loop.time()
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._fail(hung_up(f"this is no answer in HTTP ({error})"))
        if not self._status:
            self._head += len(data)
            if self._head > MOST_HEAD:
                self._fail(NoAnswer("too_long", f"answered with a head of more than {MOST_HEAD} bytes"))

    def eof_received(self) -> None:
        self.is_open = False

    def connection_lost(self, error: Exception | None) -> None:
        self.is_open = False
        if error is None and self._answer is not None and self._status and self._ends_with_connection():
            self._finish()
        else:
            self._fail(hung_up(error))

    # What the parser finds.

    def on_message_begin(self) -> None:
        if self._done():
            self.is_open = False  # a second answer to one request
        else:
            self._begin()

    def on_status(self, reason: bytes) -> None:
        self._reason += reason

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._status:  # what comes after the body is nobody's
            self._headers[name.decode("ascii", "replace").lower()] = value.decode("latin-1").strip()

    def on_headers_complete(self) -> None:
        self._status = self._parser.get_status_code()
        if self._bounds.head_alone:
            self._finish()

    def on_body(self, chunk: bytes) -> None:
        self._body += chunk
        most = self._bounds.most_bytes
        if len(self._body) <= most:
            return
        if self._bounds.cut:
            self.is_open = False
            self._finish()
        else:
            self._fail(NoAnswer("too_long", f"answered {self._status} with more than {most} bytes"))

    def on_message_complete(self) -> None:
        if 100 <= self._status < 200:
            self._status = 0  # a word in between; the answer is yet to come
            return
        if not self._parser.should_keep_alive():
            self.is_open = False
        self._finish()

    def _begin(self) -> None:
        self._status, self._reason, self._body = 0, b"", bytearray()
        self._headers: dict[str, str] = {}

    def _ends_with_connection(self) -> bool:
        """Whether the answer's length is not said: it is whole when the other side hangs up."""
        return self._headers.keys().isdisjoint(("content-length", "transfer-encoding"))

    def _look(self) -> None:
        """See whether something came since the last look."""
        left = self._heard + self._bounds.silence - self._loop.time()
        if left > 0:
            self._watch = self._loop.call_later(left, self._look)
        else:
            self._fail(NoAnswer("timeout", f"sent nothing for {self._bounds.silence:g} s"))

    def _done(self) -> bool:
        return self._answer is None or self._answer.done()

    def _finish(self) -> None:
        if self._answer is not None and not self._answer.done():
            body = bytes(self._body[: self._bounds.most_bytes])
            self._answer.set_result(
                Response(self._status, self._reason.decode("latin-1"), self._headers, body)
            )

    def _fail(self, error: NoAnswer) -> None:
        self.is_open = False
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)
