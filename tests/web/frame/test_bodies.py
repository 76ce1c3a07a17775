"""Bodies that are too large or come too slowly, asked of the app without a network."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import Depends, FastAPI, Request
from fastapi.testclient import TestClient

from osmod.web.frame import bodies
from osmod.web.frame.bodies import LIMIT
from osmod.web.guard import open_to_all

OURS, OSMODS, STREAM = "/api/jobs/the/probe", "/api/services/probe", "/api/ingest/probe"

pytestmark = pytest.mark.only_on("sqlite")


@pytest.fixture(autouse=True)
def _probes(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    """Routes that say how many bytes they were sent; one of them takes a stream of 5,000,000."""
    monkeypatch.setattr("osmod.web.app.STREAMS", {"/ingest/probe": 5_000_000})

    async def probe(request: Request) -> int:
        return len(await request.body())

    for path in (OURS, OSMODS, STREAM):
        app.post(path, dependencies=[Depends(open_to_all)])(probe)


def pieces(size: int) -> Iterator[bytes]:
    """A body whose length is not announced."""
    for _ in range(size // 65536):
        yield b"x" * 65536
    yield b"x" * (size % 65536)


@pytest.mark.parametrize("announced", [True, False])
@pytest.mark.parametrize(("size", "status"), [(LIMIT, 200), (LIMIT + 1, 413)])
def test_the_limit(client: TestClient, announced: bool, size: int, status: int) -> None:
    """2 MB and not a byte more, whether or not the client says beforehand how much it sends."""
    for path in (OURS, OSMODS):
        answer = client.post(path, content=b"x" * size if announced else pieces(size))
        assert status == answer.status_code
        if status == 413:
            body = answer.json()
            assert "larger than 2097152 bytes" in (body["detail"] if path == OURS else body["errors"])
            assert "close" == answer.headers["connection"]


def ask(app: FastAPI, path: str, *messages: dict[str, Any]) -> int:
    """The status that is answered to a client that sends these messages and then nothing more."""
    waiting, sent = list(messages), []

    async def receive() -> dict[str, Any]:
        return waiting.pop(0) if waiting else await asyncio.Event().wait()  # type: ignore[return-value]

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": path, "raw_path": path.encode(), "query_string": b""}
    scope |= {
        "headers": [(b"host", b"test"), (b"content-type", b"application/json")],
        "client": ("test", 1),
        "server": ("test", 1),
    }
    asyncio.run(app({**scope, "scheme": "http", "http_version": "1.1"}, receive, send))
    return int(sent[0]["status"])


@pytest.mark.parametrize("path", [OURS, OSMODS, STREAM])
def test_half_a_body(app: FastAPI, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Is waited for no longer than so many seconds; a stream, for its next piece."""
    monkeypatch.setattr(bodies, "WHOLE", 0.05)
    monkeypatch.setattr(bodies, "NEXT", 0.05)
    assert 408 == ask(app, path, {"type": "http.request", "body": b"{", "more_body": True})


def test_a_client_that_goes_away(app: FastAPI, caplog: pytest.LogCaptureFixture) -> None:
    """Is no fault of ours."""
    with pytest.raises(IndexError):  # nobody is there to be answered
        ask(app, OURS, {"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"})
    assert not [record for record in caplog.records if record.levelname == "ERROR"]
