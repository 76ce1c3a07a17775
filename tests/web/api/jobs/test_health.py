"""`/healthz` and `/readyz`."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.exc import OperationalError

from osmod.jobs.broker import JobBroker
from osmod.web.api import health

pytestmark = [pytest.mark.only_on("sqlite"), pytest.mark.only_on("valkey")]


@pytest.fixture(autouse=True)
def _new_probes() -> Iterator[None]:
    health.probes.cache_clear()
    yield
    health.probes.cache_clear()


def test_all_is_well(broker: JobBroker, client: TestClient) -> None:
    """Nobody needs a token to ask."""
    assert {"status": "ok"} == client.get("/healthz").json()
    ready = client.get("/readyz")
    assert (200, {"status": "ready", "redis": "ok", "database": "ok"}) == (ready.status_code, ready.json())


def test_what_is_away_is_named(
    broker: JobBroker, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without where it is, or why: anybody may ask. The process itself is well."""

    def fail() -> None:
        raise OperationalError("SELECT 1", {}, Exception("secret"))

    gone = JobBroker(host="127.0.0.1", port=1, middleware=[])
    monkeypatch.setattr("dramatiq.broker.global_broker", gone)
    monkeypatch.setattr(health, "ask_database", fail)
    ready = client.get("/readyz")
    away = "cannot be reached or used"
    assert (503, {"status": "not ready", "redis": away, "database": away}) == (
        ready.status_code,
        ready.json(),
    )
    assert 200 == client.get("/healthz").status_code
    gone.close()


def test_what_hangs_holds_up_nobody_for_long(
    broker: JobBroker, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often it is asked, one question waits for an answer."""
    going_on, asked = threading.Event(), []

    def hang() -> None:
        asked.append(1)
        going_on.wait(120)

    monkeypatch.setattr(health, "PATIENCE", 0.05)
    monkeypatch.setattr(health, "ask_redis", hang)
    try:
        for _ in range(3):
            assert "no answer in 0.05 s" == client.get("/readyz").json()["redis"]
        assert 1 == len(asked)
    finally:
        going_on.set()
