"""A worker of Kue's and ours at one queue, and several bridges: each job runs in one place."""

from __future__ import annotations

import json

import pytest

from osmod.jobs.broker import JobBroker
from osmod.kue.bridge import Bridge
from osmod.kue.keys import KueQueue
from tests.jobs.conftest import working
from tests.kue.node import Node
from tests.waiting import until

#: Each starts Node several times, which takes a second.
pytestmark = pytest.mark.parametrize("shared_server", ["valkey"], indirect=True)

JOBS = 600


def test_a_node_worker_beside_ours(node: Node, broker: JobBroker, kue: KueQueue, ran: list[int]) -> None:
    """Both take from one queue; each job runs in exactly one of the two, and all are complete."""
    theirs = node.start("work_notes.js", 1)
    theirs.until(1)
    bridge = Bridge(broker, kue, most_open=8)  # or ours would have all of them
    bridge.start()
    with working(broker):
        node.run("queue_notes.js", 0, JOBS)
        until(lambda: JOBS == kue.client.zcard(kue.state("complete")), 60, "all are complete")
        assert bridge.stop()
    there = theirs.lines[1:]
    assert ran
    assert there
    assert list(range(JOBS)) == sorted([*ran, *there])


def test_three_bridges(node: Node, broker: JobBroker, kue: KueQueue, ran: list[int]) -> None:
    """Each job is taken by one of them, and told of once, whoever heard of it."""
    queues = [KueQueue(kue.client, kue.prefix) for _ in range(3)]
    bridges = [Bridge(broker, queue) for queue in queues]
    for bridge in bridges:
        bridge.start()
    with working(broker):
        follower = node.start(
            "follow_jobs.js",
            json.dumps([{"type": "note", "data": {"number": number}} for number in range(JOBS)]),
        )
        until(lambda: JOBS == kue.client.zcard(kue.state("complete")), 60, "all are complete")
        until(lambda: JOBS == _completes(follower.lines), 10, "all are told of")
        for bridge in bridges:
            assert bridge.stop()
    assert JOBS == sum(bridge.taken for bridge in bridges)
    assert list(range(JOBS)) == sorted(ran)
    assert JOBS == _completes(follower.lines)


def _completes(lines: list[object]) -> int:
    return sum(1 for one in lines if isinstance(one, dict) and one["event"] == "complete")
