"""`osmod check` of Kue's queue."""

from __future__ import annotations

import json
import time

import pytest
from dramatiq import broker as global_broker

import actors
from osmod.cli.checks import check_kue
from osmod.cli.checks.finding import Finding, Level
from osmod.kue.keys import KueQueue
from osmod.settings import read_settings
from tests.kue.stand_in import queue_job
from tests.redis_servers import Server


@pytest.fixture(autouse=True)
def _project(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers that take jobs out of Kue's queue, which is where ours is."""
    monkeypatch.setattr(global_broker, "global_broker", actors.accept_comments.broker)
    monkeypatch.setenv("REDIS_URL", server.url)
    monkeypatch.setenv("WORKER_KUE", "true")


def found() -> list[Finding]:
    """What is found in the environment as it is."""
    return list(check_kue(read_settings()))


def test_nobody_speaks_of_kue(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then nothing is said of it either."""
    monkeypatch.delenv("WORKER_KUE")
    assert [] == found()


def test_all_is_well(kue: KueQueue) -> None:
    """What waits for us, by itself."""
    queue_job(kue, "acceptComments", {})
    queue_job(kue, "other", {})
    (one,) = found()
    assert Level.OK is one.level
    assert one.message.startswith("1 job for us under prefix q at redis://")


def test_the_wrong_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing was ever queued there."""
    monkeypatch.setenv("KUE_PREFIX", "other")
    (one,) = found()
    assert Level.WARNING is one.level
    assert "nothing was ever queued with prefix other at " in one.message


def test_what_is_stuck_and_what_runs_twice(kue: KueQueue) -> None:
    """Each with what to do."""
    now = time.time() * 1000
    queue_job(
        kue, "acceptComments", {}, state="active", score=now - 1000, workerId="kue:host:1:acceptComments:1"
    )
    kue.client.set("q:scheduler:data:h", json.dumps({"type": "heartbeat", "reccurInterval": "5 minutes"}))
    kue.client.set("q:scheduler:h", "", px=100_000)
    _, stuck, twice = found()
    assert (Level.WARNING, Level.WARNING) == (stuck.level, twice.level)
    assert stuck.message.startswith("1 job of Node workers ran for longer than they may")
    assert twice.message.startswith(
        "heartbeat is repeated by kue-scheduler (5 minutes) and here (every 10 min"
    )


def test_another_redis(own_server: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is looked at as ours is: what it evicts, whether it keeps anything, whether it is there."""
    server = own_server("--maxmemory-policy", "allkeys-lru")  # type: ignore[operator]
    monkeypatch.setenv("KUE_URL", server.url)
    assert any("maxmemory-policy is allkeys-lru" in one.message for one in found())
    server.kill()
    (one,) = found()
    assert Level.ERROR is one.level
    assert "name yours in KUE_URL" in one.message


def test_a_key_of_another_kind(kue: KueQueue) -> None:
    """Is an error, with the key and what to do; what else there is, is counted all the same."""
    queue_job(kue, "acceptComments", {})
    queue_job(kue, "rejectComments", {})
    kue.client.set(kue.state("inactive", "rejectComments"), "text")
    well, wrong = found()
    assert well.message.startswith("1 job for us")
    assert (
        Level.ERROR,
        "jobs of rejectComments are not taken: the key q:jobs:rejectComments:inactive is a string, not the sorted set "
        "that Kue keeps there; rename or delete it.",
    ) == (wrong.level, wrong.message)
