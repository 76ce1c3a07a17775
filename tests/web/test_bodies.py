"""How a body of OSMod's calls is read."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from osmod.web.api.osmod.bodies import FOR_ANYBODY, Body
from tests.web.conftest import MakeToken

JSON = {"Content-Type": "application/json; charset=utf-8"}


@pytest.fixture
def echo(app: FastAPI) -> None:
    """A route that answers the body it got."""

    @app.post("/api/services/echo")
    def answer(body: Body) -> Any:
        return body


@pytest.mark.parametrize(
    ("sent", "headers", "got"),
    [
        (b'{"a": [1, null]}', JSON, {"a": [1, None]}),
        (b"[]", JSON, []),
        (b"", JSON, {}),
        (b'{"a": 1}', {"Content-Type": "text/plain"}, {}),
        (b"a=1", {"Content-Type": "application/x-www-form-urlencoded"}, {}),
        (b'{"a": 1}', {}, {}),
    ],
)
def test_read(echo: None, client: TestClient, sent: bytes, headers: dict[str, str], got: Any) -> None:
    """Only what says that it is JSON is read as JSON."""
    assert got == client.post("/api/services/echo", content=sent, headers=headers).json()


@pytest.mark.parametrize(
    "sent", [b"{", b'"text"', b"7", b"null", b'{"a": NaN}', b"[-Infinity]", b"\xff", b"[" * 60_000]
)
def test_broken(echo: None, client: TestClient, sent: bytes) -> None:
    """400 and what is wrong, where OSMod's server answers 500."""
    answer = client.post("/api/services/echo", content=sent, headers=JSON)
    assert (400, "error") == (answer.status_code, answer.json()["status"])
    assert answer.json()["errors"].startswith("The body is ")


def test_a_large_one_of_somebody_without_a_token(echo: None, client: TestClient, token: MakeToken) -> None:
    """Is not read at all: whether it is JSON, nobody is told."""
    sent = b"x" * (FOR_ANYBODY + 1)
    shown = {"Authorization": f"JWT {token('general')}"}
    for kept, headers, status in ((1, JSON, 401), (0, JSON, 400), (1, JSON | shown, 400)):
        answer = client.post("/api/services/echo", content=sent[: FOR_ANYBODY + kept], headers=headers)
        assert status == answer.status_code
