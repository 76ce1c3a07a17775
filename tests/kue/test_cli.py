"""`osmod kue …`, as an operator types it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from click.testing import CliRunner, Result
from dramatiq import broker as global_broker

import actors
from osmod.cli import main
from osmod.jobs.broker import JobBroker
from osmod.jobs.setup import default_middleware
from osmod.kue.keys import KueQueue
from osmod.settings import get_settings
from tests.kue.node import Node
from tests.redis_servers import Server

Command = Callable[..., Result]


@pytest.fixture
def osmod(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Command]:
    """Runs `osmod kue …` with the project's actors; Kue and our queue are on the test's Redis."""
    broker = JobBroker(url=server.url, middleware=default_middleware(get_settings()))
    for name in actors.__all__:
        broker.declare_actor(getattr(actors, name))
    monkeypatch.setattr(global_broker, "global_broker", broker)
    monkeypatch.setenv("REDIS_URL", server.url)
    get_settings.cache_clear()
    yield lambda *words: CliRunner().invoke(main, ["kue", *words], prog_name="osmod")
    broker.close()


def test_status(osmod: Command, node: Node) -> None:
    """Each type on a line, and in sentences what is to be known; as JSON all of it."""
    worker = node.start("hold_jobs.js", "held")
    kinds: list[dict[str, Any]] = [{"type": kind, "data": {}} for kind in ("acceptComments", "held", "other")]
    _, held, _ = node.run("queue_jobs.js", json.dumps(kinds))
    worker.until(1)
    shown = osmod("status").stdout.splitlines()
    assert ["acceptComments", "yes", "1", "·", "·", "·", "·", "·"] == shown[1].split()
    assert ["held", "no", "·", "1", "·", "·", "·", "·"] == shown[2].split()
    assert "1 job of types without an actor here: left to Kue's own workers." in shown
    assert "1 job begun by Node workers:" in shown
    assert any(line.startswith(f"  job {held}, held: by kue:") for line in shown)
    told = json.loads(osmod("status", "--json").stdout)
    assert "q" == told["prefix"]
    assert [1, 0] == [told["types"][0][state] for state in ("inactive", "active")]
    assert [str(held)] == [one["id"] for one in told["held_by_node"]["jobs"]]


def test_status_of_nothing(osmod: Command) -> None:
    """It says where it looked, in case that is the wrong place."""
    shown = osmod("status", "--prefix", "other").stdout
    assert (
        "Nothing was ever queued there: no key other:job:types. KUE_URL and --prefix say where to look.\n"
        == shown
    )


def test_a_job_that_would_run_twice(osmod: Command, kue: KueQueue) -> None:
    """What kue-scheduler repeats and an actor's own schedule does as well is named with the remedy."""
    every = json.dumps({"type": "heartbeat", "reccurInterval": "10 minutes"})
    kue.client.set("q:scheduler:data:heartbeat", every)
    kue.client.set("q:scheduler:heartbeat", "", px=500_000)
    shown = osmod("status").stdout
    assert "heartbeat is repeated by kue-scheduler: 10 minutes; next in 8 min.\n" in shown
    assert "so twice: take it out of the Node program, or `osmod schedules pause heartbeat`." in shown


def test_a_redis_that_is_away(osmod: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is Kue's that is named, with the variable that says where it is."""
    monkeypatch.setenv("KUE_URL", "redis://127.0.0.1:1/0")
    get_settings.cache_clear()
    refused = osmod("status")
    assert 1 == refused.exit_code
    assert "Redis does not answer at redis://127.0.0.1:1/0" in refused.stderr
    assert "name yours in KUE_URL" in refused.stderr


def test_a_cluster(osmod: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kue's keys cannot lie there: where they are must be said."""
    monkeypatch.setenv("REDIS_URL", "redis+cluster://127.0.0.1:1")
    get_settings.cache_clear()
    refused = osmod("status")
    assert 2 == refused.exit_code
    assert "name the Redis of its programs in KUE_URL" in refused.stderr
