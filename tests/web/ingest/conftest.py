"""A publisher that sends comments."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from tests.moderation.world import World
from tests.web.conftest import MakeToken

PATH = "/api/ingest/comments"
NDJSON = {"Content-Type": "application/x-ndjson"}


def comment(source_id: str = "c1", **fields: Any) -> dict[str, Any]:
    """A comment as a publisher sends it."""
    told = {
        "sourceId": source_id,
        "text": "Well said",
        "author": {"sourceId": "ann", "name": "Ann"},
        "article": {"sourceId": "a1", "category": {"sourceId": "sport"}},
    }
    return told | fields


def lines(*values: Any) -> bytes:
    """A stream of them."""
    return b"".join(json.dumps(value).encode() + b"\n" for value in values)


def answers_of(body: bytes) -> list[dict[str, Any]]:
    """The answers of a stream."""
    return [json.loads(line) for line in body.splitlines()]


@pytest.fixture
def publisher(client: TestClient, token: MakeToken) -> TestClient:
    """Asks as a service."""
    client.headers["Authorization"] = f"Bearer {token('service')}"
    return client


@pytest.fixture
def world(engine: Engine) -> World:
    """What is stored."""
    return World(engine)
