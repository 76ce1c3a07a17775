"""Taking over once what waits, and what dead workers of Kue's left."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from osmod.jobs.broker import JobBroker
from osmod.jobs.records.filters import JobFilter
from osmod.jobs.records.find import count, find
from osmod.kue.bridge import Bridge
from osmod.kue.handing_over import UnknownType, drain, rescue
from osmod.kue.keys import KueQueue
from osmod.kue.taking import MOST_OPEN
from tests.jobs.conftest import working
from tests.kue.node import Node
from tests.waiting import until

HOUR = timedelta(hours=1)


def test_drain(node: Node, broker: JobBroker, kue: KueQueue, ran: list[int]) -> None:
    """All that waits of the types is here, in Kue's order; other types are left."""
    node.run("queue_notes.js", 0, 450)
    late = {"type": "note", "data": {"number": 1000}, "priority": "low"}
    soon = {"type": "note", "data": {"number": 1001}, "priority": "critical"}
    node.run("queue_jobs.js", json.dumps([{"type": "other", "data": {"number": 1}}, late, soon]))
    course: list[int] = []
    assert 452 == drain(broker, kue, ["note"], course=course.append)
    assert [200, 400, 452] == course
    assert 452 == count(broker)
    assert [1, 0] == [kue.client.zcard(kue.state("inactive", kind)) for kind in ("other", "note")]
    with working(broker, threads=1):
        until(lambda: len(ran) == 452, 30, "all have run")
    assert [1001, *range(450), 1000] == ran


def test_drain_takes_more_than_the_bridge_has_open(kue: KueQueue, broker: JobBroker, ran: list[int]) -> None:
    """Its bound is what waits."""
    kue.client.zadd(kue.held, {f"kue:q:{number}:1:1": 9e15 for number in range(MOST_OPEN)})
    kue.client.zadd(kue.state("inactive", "note"), {"01|1": 0})
    kue.client.zadd(kue.state("inactive"), {"01|1": 0})
    kue.client.hset(kue.job(1), mapping={"type": "note", "state": "inactive", "data": '{"number": 7}'})
    assert 1 == drain(broker, kue, ["note"])


@pytest.mark.parametrize("act", [drain, rescue])
def test_a_type_without_an_actor(act: Any, broker: JobBroker, kue: KueQueue, ran: list[int]) -> None:
    """It is named, with those that there are."""
    given = {"silent": HOUR} if act is rescue else {}
    with pytest.raises(UnknownType, match="no actor is called 'nothing', .* there are: note, other"):
        act(broker, kue, ["nothing"], **given)


def test_rescue(node: Node, broker: JobBroker, kue: KueQueue, ran: list[int]) -> None:
    """What a worker of Kue's had in hand as it died is run here, once somebody says that it is dead."""
    worker = node.start("work_notes.js", 600_000)
    worker.until(1)
    ids = node.run("queue_notes.js", 0, 3)
    worker.until(4)
    worker.kill()
    assert 0 == rescue(broker, kue, ["note"], silent=HOUR)
    assert 3 == rescue(broker, kue, ["note", "other"], silent=timedelta(0))
    assert 0 == rescue(broker, kue, ["note"], silent=timedelta(0)), "what is here is not abandoned"
    bridge = Bridge(broker, kue)
    bridge.start()
    with working(broker):
        until(lambda: 3 == kue.client.zcard(kue.state("complete")), what="all are complete")
        assert bridge.stop()
    assert [0, 1, 2] == sorted(ran)
    assert {b"complete"} == {kue.client.hget(kue.job(one), "state") for one in ids}


def test_rescue_of_what_a_bridge_lost(kue: KueQueue, broker: JobBroker, ran: list[int], node: Node) -> None:
    """A job that is active for us and of which nothing is noted is taken anew, as another claim."""
    node.run("queue_notes.js", 0, 1)
    drain(broker, kue, ["note"])
    kue.client.delete(kue.held)
    assert 1 == rescue(broker, kue, ["note"], silent=timedelta(0))
    assert [1, 2] == sorted(int(job.id.rpartition(":")[2]) for job in find(broker, JobFilter()).jobs)
