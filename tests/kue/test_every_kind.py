"""A Node process queues every kind of job that Kue knows, hears what happens, and reads the same from Kue."""

from __future__ import annotations

import json
import time
from collections import Counter
from typing import Any

import dramatiq
import pytest

from osmod.jobs.broker import JobBroker
from osmod.jobs.records.filters import JobFilter
from osmod.jobs.records.find import find
from osmod.kue.bridge import Bridge
from osmod.kue.keys import KueQueue
from tests.jobs.conftest import working
from tests.kue.node import Node
from tests.waiting import until

#: Each starts Node several times, which takes a second.
pytestmark = pytest.mark.parametrize("shared_server", ["valkey"], indirect=True)

#: By priority, Kue's names and numbers among each other, in the order in which they are to run.
IN_ORDER = ["critical", -12, "high", "medium", -3, "normal", 7, "low"]
BACKOFFS = [True, {"type": "fixed", "delay": 200}, {"type": "exponential", "delay": 200}]


def greet(name: object, **options: object) -> dict[str, Any]:
    """A job that is done."""
    return {"type": "greet", "data": {"name": name}, **options}


def stumble(name: object, **options: object) -> dict[str, Any]:
    """A job that fails at first."""
    return {"type": "stumble", "data": {"name": name}, **options}


#: Each with the state in which it ends, and what its sender hears of it after it was queued.
KINDS: list[tuple[dict[str, Any], str | None, list[str]]] = [
    *((greet(one, priority=one), "complete", ["start", "complete"]) for one in reversed(IN_ORDER)),
    ({"type": "greet", "data": {"name": "titled", "title": "A title"}}, "complete", ["start", "complete"]),
    (greet("gone", removeOnComplete=True), None, ["start", "complete"]),
    (greet("limited", ttl=60_000), "complete", ["start", "complete"]),
    (greet("later", delay=300), "complete", ["promotion", "start", "complete"]),
    (stumble("at once", attempts=2), "complete", ["start", "failed attempt", "start", "complete"]),
    *(
        (
            stumble(f"after {at}", attempts=2, backoff=one),
            "complete",
            ["start", "failed attempt", "start", "complete"],
        )
        for at, one in enumerate(BACKOFFS)
    ),
    (stumble("once"), "failed", ["start", "failed"]),
    ({"type": "slow", "data": {}, "ttl": 300}, "failed", ["start", "ttl exceeded", "failed"]),
    ({"type": "greet", "data": [1]}, "failed", ["start", "failed"]),
    ({"type": "greet", "data": {"nobody": 1}}, "failed", ["start", "failed"]),
    ({"type": "theirs", "data": {}}, "inactive", []),
]


def test_every_kind(node: Node, broker: JobBroker, kue: KueQueue) -> None:
    """It ends as with Kue, its sender hears what happened and in which order, and priorities are kept."""
    greeted: list[object] = []
    stumbled: Counter[str] = Counter()

    @dramatiq.actor(actor_name="greet")
    def greet(name: object) -> None:
        greeted.append(name)

    @dramatiq.actor(actor_name="stumble")
    def stumble(name: str) -> None:
        stumbled[name] += 1
        if stumbled[name] == 1:
            raise ValueError("stumbled")

    @dramatiq.actor(actor_name="slow")
    def slow() -> None:
        while True:
            time.sleep(0.01)

    follower = node.start("follow_jobs.js", json.dumps([job for job, _, _ in KINDS]))
    ids = follower.ids()
    bridge = Bridge(broker, kue)
    bridge.start()
    until(lambda: kue.client.zcard(kue.state("inactive")) == 1, what="all but one are here")
    with working(broker, threads=1):
        until(
            lambda: (
                1
                == kue.client.zcard(kue.jobs)
                - kue.client.zcard(kue.state("complete"))
                - kue.client.zcard(kue.state("failed"))
            ),
            30,
            "all ended",
        )
        assert bridge.stop()
    bridge.wait()

    assert IN_ORDER == [name for name in greeted if name in IN_ORDER]
    said: dict[int, list[str]] = {one: [] for one in ids}
    until(
        lambda: (
            sum(
                1
                for one in follower.lines
                if isinstance(one, dict) and one["event"] in ("complete", "failed")
            )
            == len(KINDS) - 1
        ),
        what="all is heard",
    )
    for line in follower.lines:
        if isinstance(line, dict) and line["event"] != "enqueue":
            said[line["id"]].append(line["event"])
    jobs = node.run("get_jobs.js", json.dumps(ids))
    found = [(job["state"] if job else None, said[one]) for one, job in zip(ids, jobs, strict=True)]
    assert [(state, events) for _, state, events in KINDS] == found
    records = {json.dumps(one.arguments): one for one in find(broker, JobFilter()).jobs}
    titled, limited = records['{"name": "titled"}'].raw, records['{"name": "limited"}'].raw
    assert titled is not None
    assert limited is not None
    assert ("A title", 60_000) == (titled.options["label"], limited.options["time_limit"])
