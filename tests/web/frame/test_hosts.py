"""Requests that do not say for which host they are, or say several."""

from __future__ import annotations

import pytest
from fastapi import FastAPI

from tests.web.serving import answer, served

pytestmark = pytest.mark.only_on("sqlite")


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET /healthz HTTP/1.1\r\nHost: test", b"200"),
        (b"GET /healthz HTTP/1.1\r\nHost:", b"200"),
        (b"GET /healthz HTTP/1.1\r\nAccept: */*", b"400"),
        (b"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b", b"400"),
        (b"GET /ui HTTP/1.1\r\nAccept: text/html", b"400"),
        (b"GET /healthz HTTP/1.0\r\nAccept: */*", b"200"),
    ],
)
def test_how_many_hosts(app: FastAPI, head: bytes, status: bytes) -> None:
    """One, as HTTP/1.1 asks for; it may be empty. HTTP/1.0 has none. The refusal names the header."""
    with served(app) as server, server.connect() as connection:
        connection.sendall(head + b"\r\nConnection: close\r\n\r\n")
        received = answer(connection)
    assert status == received.split()[1]
    assert (status == b"400") == (b"one Host header" in received)
