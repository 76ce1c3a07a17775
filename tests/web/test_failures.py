"""How many tokens that do not count an address may show."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
import redis
from fastapi import FastAPI
from fastapi.testclient import TestClient

from osmod.web import failures
from osmod.web.failures import ASKING, BUCKETS, LIMIT, WINDOW, Failures
from tests.web.conftest import MakeToken

#: A moment at which a window begins, and stays.
NOON = 1_800_000_000.0
WRONG = {"Authorization": "JWT rubbish"}


@pytest.fixture(autouse=True)
def _one_window(monkeypatch: pytest.MonkeyPatch) -> None:
    """No window ends within a test."""
    monkeypatch.setattr(time, "time", lambda: NOON)


def broker_of(client: Any) -> SimpleNamespace:
    """What is asked of a broker."""
    return SimpleNamespace(client=client, namespace="dramatiq")


def test_counted_for_all_servers_together(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """By address and minute, in keys that expire."""
    with redis.Redis.from_url(redis_url) as client:
        one, other = Failures(lambda: broker_of(client)), Failures(lambda: broker_of(client))
        assert LIMIT * [False] == [one.too_many("10.0.0.1") for _ in range(LIMIT)]
        assert other.too_many("10.0.0.1")
        assert not other.too_many("10.0.0.2")
        monkeypatch.setattr(time, "time", lambda: NOON + WINDOW)
        assert not one.too_many("10.0.0.1")
        assert 3 * [True] == [0 < client.ttl(key) <= 2 * WINDOW for key in client.scan_iter()]


@pytest.mark.only_on("valkey")
def test_keys_are_bounded(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many addresses somebody has; all of an IPv6 network are one."""
    monkeypatch.setattr(failures, "BUCKETS", 8)
    assert BUCKETS > 8
    with redis.Redis.from_url(redis_url) as client:
        counting = Failures(lambda: broker_of(client))
        for number in range(200):
            counting.too_many(f"10.0.0.{number}")
        assert client.dbsize() <= 8
        client.flushall()
        for number in range(5):
            counting.too_many(f"2001:db8:1:2::{number}")
        assert 1 == client.dbsize()


def test_nobody_is_held_up_without_redis() -> None:
    """Where it is away it is not asked again at once; where there is none, never."""
    asked: list[int] = []

    def away() -> SimpleNamespace:
        asked.append(1)
        return broker_of(redis.Redis(port=1))

    counting = Failures(away)
    assert [False, False, False] == [counting.too_many("10.0.0.1") for _ in range(3)]
    assert [1] == asked
    assert not Failures(lambda: None).too_many("10.0.0.1")


def test_a_redis_that_hangs_holds_up_few() -> None:
    """Whoever sends rubbish then has not all threads of the server wait; the others are refused at once."""
    hanging, go = threading.Semaphore(0), threading.Event()

    @contextmanager
    def pipeline(transaction: bool) -> Iterator[None]:
        hanging.release()
        assert go.wait(120)
        raise redis.TimeoutError
        yield

    counting = Failures(lambda: broker_of(SimpleNamespace(pipeline=pipeline)))
    with ThreadPoolExecutor(ASKING) as threads:
        held = [threads.submit(counting.too_many, "10.0.0.1") for _ in range(ASKING)]
        for _ in range(ASKING):
            assert hanging.acquire(timeout=120)
        try:
            assert not counting.too_many("10.0.0.1")
            assert not hanging.acquire(blocking=False)
        finally:
            go.set()
        assert ASKING * [False] == [one.result() for one in held]


@pytest.mark.only_on("sqlite", "valkey")
def test_what_is_answered(app: FastAPI, client: TestClient, token: MakeToken, redis_url: str) -> None:
    """429 for what does not count; what counts is let in all the same, and who shows nothing is not counted."""
    with redis.Redis.from_url(redis_url) as counts:
        app.state.failures = Failures(lambda: broker_of(counts))
        for _ in range(LIMIT):
            assert 401 == client.get("/api/auth/test", headers=WRONG).status_code
            assert 401 == client.get("/api/auth/test").status_code
        refused = client.get("/api/auth/test", headers=WRONG)
        assert (429, str(WINDOW)) == (refused.status_code, refused.headers["retry-after"])
        assert 401 == client.get("/api/auth/test").status_code
        shown = {"Authorization": f"JWT {token('service')}"}
        assert 200 == client.get("/api/auth/test", headers=shown).status_code
