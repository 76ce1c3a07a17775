"""Requests that ask for another protocol, sent to a real server."""

from __future__ import annotations

import re

import pytest
from fastapi import Depends, FastAPI, Request

from osmod.web.guard import open_to_all
from tests.web.serving import answer, served

pytestmark = pytest.mark.only_on("sqlite")

BODY = b"GET /api/auth/healthcheck HTTP/1.1\r\nHost: test\r\n\r\n"


@pytest.fixture(autouse=True)
def _probe(app: FastAPI) -> None:
    """A route that answers the body it got."""

    async def echo(request: Request) -> str:
        return (await request.body()).decode()

    app.post("/api/jobs/the/probe", dependencies=[Depends(open_to_all)])(echo)


def head(ask: bytes, length: bytes = b"Content-Length: %d" % len(BODY)) -> bytes:
    """A request's, with the headers that ask."""
    return b"POST /api/jobs/the/probe HTTP/1.1\r\nHost: test\r\n%s\r\n%s\r\n\r\n" % (length, ask)


LAST = b"GET /api/auth/healthcheck HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n"


@pytest.mark.parametrize("protocol", [b"h2c", b"websocket", b"anything"])
@pytest.mark.parametrize("apart", [True, False])
def test_the_body_is_the_requests(app: FastAPI, protocol: bytes, apart: bool) -> None:
    """Never another request, whether it comes with the head or after it; the connection goes on."""
    ask = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: %s\r\nHTTP2-Settings: AAMAAABk" % protocol
    with served(app) as server, server.connect() as connection:
        if apart:
            connection.sendall(head(ask))
            connection.sendall(BODY)
            connection.sendall(LAST)
        else:
            connection.sendall(head(ask) + BODY + LAST)
        answers = answer(connection)
    assert [b"200", b"218"] == re.findall(rb"HTTP/1.1 (\d+) ", answers)
    assert b'"GET /api/auth/healthcheck HTTP/1.1\\r\\nHost: test\\r\\n\\r\\n"' in answers


def test_in_chunks_and_for_the_last_time(app: FastAPI) -> None:
    """A body whose length is not announced, on a connection that is to be closed."""
    ask = b"Connection: Upgrade, close\r\nUpgrade: h2c"
    with served(app) as server, server.connect() as connection:
        connection.sendall(head(ask, b"Transfer-Encoding: chunked") + b"4\r\ntext\r\n0\r\n\r\n")
        answers = answer(connection)
    assert answers.startswith(b"HTTP/1.1 200 ")
    assert answers.endswith(b'"text"')


def test_connect(app: FastAPI) -> None:
    """Is no request here."""
    with served(app) as server, server.connect() as connection:
        connection.sendall(
            b"CONNECT test:443 HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
        )
        assert answer(connection).startswith(b"HTTP/1.1 400 ")
