"""A real HTTP server on this machine that answers, fails and dawdles as it is told, and remembers what it was asked.

with serving() as fake:
    fake.answer({"scores": {}})                      # to everybody, until told otherwise
    fake.next(Reply(status=429, headers={"Retry-After": "2"}), *[Reply(status=500)] * 3)   # to the next ones first
    fake.answer(lambda asked: Reply(json={"echo": asked.json}, after=0.1))
    …                                                # fake.url is asked
    assert [...] == [asked.json for asked in fake.asked]
"""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import struct
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

from tests.in_a_thread import in_a_thread


@dataclass(frozen=True)
class Asked:
    """One request. `at`: when its last byte came, by `time.monotonic`; `connection`: the client's address."""

    at: float
    method: str
    path: str
    query: dict[str, list[str]]
    #: With lower-case names.
    headers: dict[str, str]
    body: bytes
    connection: tuple[str, int]

    @property
    def json(self) -> Any:
        """The body, read."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Reply:
    """How one request is answered.

    Attributes:
      json: the body as a JSON value; `body`, where there is one, stands in its place as it is.
      after: seconds before the first byte.
      cut: the connection is reset after so many bytes of the body; 0: after the head; -1: before it.
      hangs: nothing is ever sent.
    """

    json: Any = field(default_factory=dict)
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    after: float = 0.0
    cut: int | None = None
    hangs: bool = False


Answering = Callable[[Asked], Any]


class Fake:
    """A server that runs. Everything may be called from the test's thread.

    Attributes:
      asked: every request, in the order in which they came.
      in_flight, most_in_flight: requests that wait for their answers, now and at most.
    """

    def __init__(self, tls: ssl.SSLContext | None) -> None:
        self.asked: list[Asked] = []
        self.in_flight = self.most_in_flight = 0
        self._answer: Answering = lambda _: {}
        self._next: deque[Any] = deque()
        self._tls = tls
        self._connections: set[asyncio.StreamWriter] = set()
        self._free = asyncio.Event()
        self._free.set()
        self._stopped = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.port: int = self._socket.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"

    def answer(self, answer: Any) -> None:
        """Answer everybody so: a `Reply`, a JSON value, or a function of what was `Asked` that gives either."""
        self._answer = cast("Answering", answer) if callable(answer) else lambda _: answer

    def next(self, *answers: Any) -> None:
        """Answer the next requests so, one each, before all others."""
        self._next.extend(answers)

    def hold(self) -> None:
        """Answer nobody until `release`."""
        self._loop.call_soon_threadsafe(self._free.clear)

    def release(self) -> None:
        """Answer those who wait, and whoever comes."""
        self._loop.call_soon_threadsafe(self._free.set)

    def hang_up(self) -> None:
        """Close every connection that is open."""
        for connection in list(self._connections):
            self._loop.call_soon_threadsafe(connection.close)

    @property
    def open(self) -> int:
        """Connections that are open."""
        return len(self._connections)

    @property
    def connections(self) -> set[tuple[str, int]]:
        """The clients' ends of all connections by which something was asked."""
        return {asked.connection for asked in self.asked}

    async def run(self, ready: Callable[[], None]) -> None:
        """Serve until `stop`."""
        self._loop = asyncio.get_running_loop()
        server = await asyncio.start_server(self._serve, sock=self._socket, ssl=self._tls)
        ready()
        await self._stopped.wait()
        server.close()
        for connection in list(self._connections):
            connection.transport.abort()
        for _ in range(10):  # whatever is about to be closed is closed
            await asyncio.sleep(0)

    def stop(self) -> None:
        """Close all that is open, and the server."""
        self._loop.call_soon_threadsafe(self._stopped.set)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections.add(writer)
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError, asyncio.CancelledError):
                while await self._one(reader, writer):
                    pass
        finally:
            self._connections.discard(writer)
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        asked = await _read(reader, writer)
        self.asked.append(asked)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            answer = self._next.popleft() if self._next else self._answer
            if callable(answer):
                answer = answer(asked)
            reply = answer if isinstance(answer, Reply) else Reply(json=answer)
            await self._free.wait()
            await asyncio.sleep(reply.after)
            if reply.hangs:
                await reader.read()  # until the client has had enough
                return False
        finally:
            self.in_flight -= 1
        return await _write(reply, writer)


@contextmanager
def serving(tls: ssl.SSLContext | None = None) -> Iterator[Fake]:
    """A fake on a free port of the loopback address, as long as the block runs."""
    fake = Fake(tls)
    with in_a_thread(fake, "fake"):
        yield fake


async def _read(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Asked:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.rstrip().split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    url = urlsplit(target)
    return Asked(
        time.monotonic(),
        method,
        url.path,
        parse_qs(url.query),
        headers,
        body,
        writer.get_extra_info("peername")[:2],
    )


async def _write(reply: Reply, writer: asyncio.StreamWriter) -> bool:
    """Returns whether the connection stays open."""
    body = json.dumps(reply.json).encode() if reply.body is None else reply.body
    headers = {"Content-Length": str(len(body)), "Content-Type": "application/json", **reply.headers}
    lines = [f"HTTP/1.1 {reply.status} Told So", *(f"{name}: {value}" for name, value in headers.items())]
    head = "\r\n".join([*lines, "", ""]).encode()
    if reply.cut is None:
        writer.write(head + body)
        await writer.drain()
        return True
    if reply.cut >= 0:
        writer.write(head + body[: reply.cut])
        await writer.drain()
    raw: socket.socket = writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a reset, no goodbye
    writer.transport.abort()
    return False
