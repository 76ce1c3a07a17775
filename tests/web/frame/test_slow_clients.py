"""Clients that hold connections, seen on real ones."""

from __future__ import annotations

import asyncio
import re
import socket
import threading
from collections.abc import AsyncIterator
from typing import Any

import pytest
from fastapi import Depends, FastAPI, Request
from starlette.responses import StreamingResponse

from osmod.web.frame import slow_clients
from osmod.web.guard import open_to_all
from tests.waiting import until
from tests.web.serving import answer, served

pytestmark = pytest.mark.only_on("sqlite")

ASK = b"GET /api/auth/healthcheck HTTP/1.1\r\nHost: test\r\n\r\n"
OPEN = [Depends(open_to_all)]


@pytest.mark.parametrize("half", [b"", b"GET /api/auth/he", ASK[:-2]])
def test_half_a_head(app: FastAPI, half: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Is not waited for: the client is told so and its connection closed."""
    monkeypatch.setattr(slow_clients, "HEAD_SECONDS", 0.2)
    with served(app) as server, server.connect() as connection:
        connection.sendall(half)
        assert answer(connection).startswith(b"HTTP/1.1 408 ")
        until(lambda: server.connections() == 0, 5, "the connection is gone")


def received(connection: socket.socket) -> bytes:
    """All that comes until the connection is gone, in whatever way."""
    try:
        return answer(connection)
    except ConnectionResetError:
        return b""


def test_half_a_head_after_a_whole_one(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a connection that is kept the same holds for each request."""
    with served(app) as server, server.connect() as connection:
        connection.sendall(ASK)
        assert connection.recv(65536).startswith(b"HTTP/1.1 218 ")
        monkeypatch.setattr(slow_clients, "HEAD_SECONDS", 0.2)
        connection.sendall(ASK[:-2])
        assert b"HTTP/1.1 408 " in answer(connection)


def test_an_endless_head(app: FastAPI) -> None:
    """Is read up to 64 KB."""
    with served(app) as server, server.connect() as connection:
        connection.sendall(ASK[:-2] + b"X: " + b"x" * 70_000)
        assert answer(connection).startswith(b"HTTP/1.1 431 ")


def ask_for_long(app: FastAPI, connection: socket.socket) -> threading.Event:
    """Send a request whose answer waits for the event that is returned; it is under way."""
    begun, go = threading.Event(), threading.Event()

    def slow() -> str:
        begun.set()
        assert go.wait(120)
        return "done"

    app.get("/api/jobs/the/probe", dependencies=OPEN)(slow)
    connection.sendall(b"GET /api/jobs/the/probe HTTP/1.1\r\nHost: test\r\n\r\n")
    assert begun.wait(120)
    return go


def test_an_endless_head_behind_a_request(app: FastAPI) -> None:
    """Is read no further either; its refusal is not taken for the answer that is under way."""
    with served(app) as server, server.connect() as connection:
        go = ask_for_long(app, connection)
        connection.sendall(ASK[:-2] + b"X: " + b"x" * 70_000)
        until(lambda: server.connections() == 0, 5, "the connection is gone")
        go.set()
        assert not received(connection)


@pytest.mark.parametrize("whole", [True, False])
def test_a_body_that_nobody_reads(app: FastAPI, whole: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Is not taken for a head: the one answer is the refusal, or that and the next request's."""
    if not whole:
        monkeypatch.setattr(slow_clients, "HEAD_SECONDS", 0.3)
    size = 500_000
    with served(app) as server, server.connect() as connection:
        connection.sendall(
            b"POST /api/users/1/disable HTTP/1.1\r\nHost: test\r\nContent-Length: %d\r\n\r\n" % size
        )
        answers = connection.recv(65536)
        assert answers.startswith(b"HTTP/1.1 401 ")
        connection.sendall(b"x" * (size if whole else size - 1))
        if whole:
            connection.sendall(ASK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        answers += received(connection)
        assert ([b"401", b"218"] if whole else [b"401"]) == re.findall(rb"HTTP/1.1 (\d+) ", answers)


@pytest.mark.parametrize("chunked", [True, False])
def test_a_body_that_is_too_large(app: FastAPI, chunked: bool) -> None:
    """Is read on for a while, so that a client that sends all of it before it reads hears why."""

    async def probe(request: Request) -> int:
        return len(await request.body())

    app.post("/api/jobs/the/probe", dependencies=OPEN)(probe)
    piece = b"x" * 65536
    length = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % (100 * len(piece))
    with served(app) as server, server.connect() as connection:
        head = (
            b"POST /api/jobs/the/probe HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n%s\r\n\r\n"
        )
        connection.sendall(head % length)
        for _ in range(100):
            connection.sendall(b"10000\r\n%s\r\n" % piece if chunked else piece)
        if chunked:
            connection.sendall(b"0\r\n\r\n")
        assert answer(connection).startswith(b"HTTP/1.1 413 ")


def test_stopped_at_once(app: FastAPI) -> None:
    """What is under way when the server is told to stop again is said to be unknown, and to be no fault of its own."""
    with served(app) as server, server.connect() as connection:
        go = ask_for_long(app, connection)
        server.stop()
        server.server.force_exit = True
        said = answer(connection)
        go.set()
    assert said.startswith(b"HTTP/1.1 503 ")
    assert b"may have been done or not" in said


def test_more_connections_than_there_may_be(app: FastAPI) -> None:
    """Those that come later are answered at once; the others are served, and make room when they go."""
    with served(app, connections=4) as server:
        held = [server.connect() for _ in range(3)]
        until(lambda: server.connections() == 3, 5, "three connections")
        for _ in range(50):
            with server.connect() as late:
                said = answer(late)
                assert said.startswith(b"HTTP/1.1 503 ")
                assert b"retry-after: 5\r\n" in said
        for connection in held:
            connection.sendall(ASK)
            assert connection.recv(65536).startswith(b"HTTP/1.1 218 ")
            connection.close()
        until(lambda: server.connections() == 0, 5, "the connections are gone")
        with server.connect() as again:
            again.sendall(ASK)
            assert again.recv(65536).startswith(b"HTTP/1.1 218 ")


def test_a_stream_that_is_never_read(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    """Is cut off, and whoever makes it is told, so that it does not pile up here."""
    monkeypatch.setattr(slow_clients, "UNREAD_SECONDS", 0.2)
    ended = threading.Event()

    async def endless() -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"x" * 65536
                await asyncio.sleep(0)
        finally:
            ended.set()

    app.get("/api/events/probe", dependencies=OPEN)(lambda: StreamingResponse(endless()))
    with served(app) as server, server.connect() as connection:
        connection.sendall(b"GET /api/events/probe HTTP/1.1\r\nHost: test\r\n\r\n")
        assert ended.wait(120)
        until(lambda: server.connections() == 0, 5, "the connection is gone")


def test_what_is_under_way_is_finished(app: FastAPI) -> None:
    """A server that is told to stop answers what it was asked; streams are told, and end."""
    begun, go = threading.Event(), threading.Event()

    def slow() -> str:
        begun.set()
        assert go.wait(120)
        return "done"

    async def until_stopped(request: Request) -> Any:
        stopping: asyncio.Event = request.state.stopping

        async def pieces() -> AsyncIterator[bytes]:
            yield b"first"
            await stopping.wait()
            yield b"last"

        return StreamingResponse(pieces())

    app.get("/api/jobs/the/probe", dependencies=OPEN)(slow)
    app.get("/api/events/probe", dependencies=OPEN)(until_stopped)
    with served(app) as server, server.connect() as one, server.connect() as stream:
        stream.sendall(b"GET /api/events/probe HTTP/1.1\r\nHost: test\r\n\r\n")
        received = b""
        while b"first" not in received:
            received += stream.recv(65536)
        one.sendall(b"GET /api/jobs/the/probe HTTP/1.1\r\nHost: test\r\n\r\n")
        assert begun.wait(120)
        server.stop()
        assert b"last" in answer(stream)
        go.set()
        assert answer(one).endswith(b'"done"')
