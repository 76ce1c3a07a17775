"""`osmod kue …`, as an operator types it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import dramatiq
import pytest
from click.testing import CliRunner, Result
from dramatiq import broker as global_broker

import actors
from osmod.cli import main
from osmod.jobs.broker import JobBroker
from osmod.jobs.setup import default_middleware
from osmod.kue.keys import KueQueue
from osmod.kue.status import read_status
from osmod.kue.taking import Taker
from osmod.settings import get_settings
from tests.found import only
from tests.jobs.conftest import working
from tests.kue.node import Node
from tests.kue.stand_in import queue_job
from tests.redis_servers import Server
from tests.waiting import until

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


def acts() -> list[dict[str, Any]]:
    """What the audit log has."""
    found: list[dict[str, Any]] = json.loads(CliRunner().invoke(main, ["audit", "--json"]).stdout)["acts"]
    return found


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


def test_a_key_of_another_kind(osmod: Command, kue: KueQueue) -> None:
    """Is named with the remedy: among the rest, and where nothing can be done without it."""
    queue_job(kue, "acceptComments", {})
    kue.client.set(kue.state("failed", "acceptComments"), "text")
    sentence = (
        "Jobs of acceptComments are not taken: the key q:jobs:acceptComments:failed is a string, not the sorted "
        "set that Kue keeps there; rename or delete it.\n"
    )
    assert sentence in osmod("status").stdout
    (told,) = json.loads(osmod("status", "--json").stdout)["foreign_keys"]
    assert ("q:jobs:acceptComments:failed", "string", "zset") == (
        told["key"],
        told["found"],
        told["expected"],
    )
    kue.client.rename(kue.state("failed", "acceptComments"), kue.state("inactive", "acceptComments"))
    refused = osmod("drain", "--type", "acceptComments", "--yes")
    assert 1 == refused.exit_code
    assert "the key q:jobs:acceptComments:inactive is a string" in refused.stderr


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


def test_run_until_stopped(server: Server, node: Node, kue: KueQueue) -> None:
    """It takes the types that are named, no others, and ends well when it is asked to."""
    kinds: list[dict[str, Any]] = [
        {"type": kind, "data": {}} for kind in ("rejectComments", "acceptComments")
    ]
    node.run("queue_jobs.js", json.dumps(kinds))
    running = subprocess.Popen(
        [sys.executable, "-m", "osmod", "kue", "run", "--type", "acceptComments"],
        env={**os.environ, "REDIS_URL": server.url},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    until(lambda: kue.client.zcard(kue.held) == 1, 30, "the job is here")
    running.send_signal(signal.SIGTERM)
    said, wrote = running.communicate(timeout=120)
    assert (0, "1 job taken.\n") == (running.returncode, wrote)
    assert "Taking jobs of 1 type from Kue's queue 'q'; Ctrl-C ends it.\n" == said
    assert 1 == kue.client.zcard(kue.state("inactive", "rejectComments"))


def test_finish(osmod: Command, node: Node, kue: KueQueue, broker: JobBroker) -> None:
    """It takes nothing more, and ends when Kue was told of all that was here."""

    @dramatiq.actor(actor_name="acceptComments", broker=broker)
    def accept(**arguments: Any) -> None: ...

    job = [{"type": "acceptComments", "data": {"commentId": 1}}]
    first = only(node.run("queue_jobs.js", json.dumps(job)))
    Taker(broker, kue).take()
    second = only(node.run("queue_jobs.js", json.dumps(job)))
    with working(broker):
        ended = osmod("run", "--finish")
    assert (0, "0 jobs taken.\n") == (ended.exit_code, ended.stderr)
    assert b"complete" == kue.client.hget(kue.job(first), "state")
    assert b"inactive" == kue.client.hget(kue.job(second), "state")


def test_drain(osmod: Command, node: Node, kue: KueQueue) -> None:
    """It says how many there are, and takes them if that is wanted."""
    job: dict[str, Any] = {"type": "acceptComments", "data": {"commentId": 1}}
    node.run("queue_jobs.js", json.dumps([job] * 3))
    asked = osmod("drain", "--type", "acceptComments")
    assert (4, "3 jobs would be taken over from Kue. Add --yes to do it.\n") == (
        asked.exit_code,
        asked.stderr,
    )
    counted = osmod("drain", "--type", "acceptComments", "--dry-run", "--json")
    assert {"count": 3, "dry_run": True} == json.loads(counted.stdout)
    assert 3 == kue.client.zcard(kue.state("inactive", "acceptComments"))
    done = osmod("drain", "--type", "acceptComments", "--yes", "--reason", "moving")
    assert 0 == done.exit_code
    assert done.stdout.startswith("3 jobs to be taken over.\n3 jobs taken over; `osmod kue run --finish`")
    assert (0, 3) == (kue.client.zcard(kue.state("inactive")), kue.client.zcard(kue.held))
    assert 3 == osmod("drain", "--type", "acceptComments", "--yes").exit_code
    act = only(acts())
    assert ("kue drain", "default", 3, "moving") == (act["act"], act["queue"], act["count"], act["reason"])
    assert "what waits in Kue: acceptComments" == act["what"]


def test_rescue(osmod: Command, node: Node, kue: KueQueue) -> None:
    """What a dead worker of Kue's had begun is taken once it has said nothing for long enough."""
    worker = node.start("hold_jobs.js", "acceptComments")
    node.run("queue_jobs.js", json.dumps([{"type": "acceptComments", "data": {"commentId": 1}}]))
    worker.until(1)
    worker.kill()
    assert 3 == osmod("rescue", "--yes").exit_code, "an hour is not over"
    until(
        lambda: osmod("rescue", "--silent", "0.5s", "--dry-run").exit_code == 0, what="half a second is over"
    )
    done = osmod("rescue", "--silent", "0.5s", "--yes", "--json")
    assert {"count": 1} == json.loads(done.stdout)
    assert 1 == kue.client.zcard(kue.held)
    assert 0 == read_status(kue, {}).held_count
    act = only(acts())
    assert ("kue rescue", 1) == (act["act"], act["count"])
    assert act["what"].startswith("silent in Kue for 500 milliseconds: ")


@pytest.mark.parametrize("command", [("run",), ("drain",), ("rescue", "--silent", "1h")])
def test_a_type_without_an_actor(osmod: Command, command: tuple[str, ...]) -> None:
    """It cannot run here, and nothing is done."""
    refused = osmod(*command, "--type", "sendMail")
    assert 2 == refused.exit_code
    assert "no actor is called 'sendMail'" in refused.stderr
