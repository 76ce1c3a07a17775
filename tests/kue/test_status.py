"""What `osmod kue status` knows of a queue that the real Kue has filled."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from osmod.kue.keys import KueQueue
from osmod.kue.status import KueStatus, read_status
from tests.found import only
from tests.kue.node import Node
from tests.kue.stand_in import queue_job
from tests.redis_servers import Server
from tests.waiting import until

#: What has an actor here, with the words of its schedule.
ACTORS = {"acceptComments": "", "heartbeat": "every 10 minutes"}


def read(kue: KueQueue) -> KueStatus:
    """The status, which is JSON, too."""
    status = read_status(kue, ACTORS)
    json.dumps(status.as_dict())
    return status


def test_nothing_was_ever_queued(kue: KueQueue) -> None:
    """An empty Redis is an empty queue."""
    assert KueStatus([], 0, 0, 0, [], 0, [], []) == read(kue)


def test_types_and_states(node: Node, kue: KueQueue) -> None:
    """Each type with its jobs, and whether it has an actor here."""
    one: dict[str, Any] = {"type": "acceptComments", "data": {}}
    jobs = [one, one, one | {"delay": 60_000}, {"type": "youtube:x", "data": {}}]
    node.run("queue_jobs.js", json.dumps(jobs))
    before = {key: kue.client.dump(key) for key in kue.client.scan_iter()}
    found = {kind.name: kind for kind in read(kue).kinds}
    none = {"inactive": 0, "active": 0, "complete": 0, "failed": 0, "delayed": 0}
    assert none | {"inactive": 2, "delayed": 1} == found["acceptComments"].sizes
    assert none | {"inactive": 1} == found["youtube:x"].sizes
    assert [True, False] == [found["acceptComments"].has_actor, found["youtube:x"].has_actor]
    assert before == {key: kue.client.dump(key) for key in kue.client.scan_iter()}


def test_what_node_workers_hold(node: Node, kue: KueQueue) -> None:
    """By whom and for how long; of a dead one, that the time is over in which its jobs had to end."""
    worker = node.start("hold_jobs.js", "acceptComments")
    job: dict[str, Any] = {"type": "acceptComments", "data": {}}
    first, second = node.run("queue_jobs.js", json.dumps([job | {"ttl": 600}, job | {"ttl": 600_000}]))
    assert {first, second} == set(worker.until(2))
    worker.kill()
    until(lambda: any(one.overdue for one in read(kue).held), what="the time of one is over")
    status = read(kue)
    held = {one.job_id: one for one in status.held}
    assert {str(first): True, str(second): False} == {name: one.overdue for name, one in held.items()}
    assert 2 == status.held_count
    began = held[str(first)]
    assert began.worker.startswith(f"kue:{socket.gethostname()}:{worker.process.pid}:acceptComments:")
    assert began.since is not None
    assert timedelta(0) < datetime.now(UTC) - began.since < timedelta(minutes=1)


def test_ours_are_not_held_by_node(node: Node, kue: KueQueue) -> None:
    """What was taken over here is active for Kue, too."""
    job_id = only(node.run("queue_jobs.js", json.dumps([{"type": "acceptComments", "data": {}}])))
    kue.client.hset(kue.job(job_id), mapping={"state": "active", "workerId": f"osmod:host:{os.getpid()}"})
    kue.client.zadd(kue.state("active"), {f"01|{job_id}": 0})
    assert (0, []) == (read(kue).held_count, read(kue).held)


def test_what_a_node_worker_dropped(node: Node, kue: KueQueue) -> None:
    """A worker that died right after its pop leaves a job that waits in no type's line."""
    node.run("queue_jobs.js", json.dumps([{"type": "acceptComments", "data": {}}] * 2))
    kue.client.zpopmin(kue.state("inactive", "acceptComments"))
    assert 1 == read(kue).unclaimed


def test_what_repeats(kue_folder: Path, own_server: Callable[..., Server]) -> None:
    """What kue-scheduler makes, when next, and that it runs here by itself as well."""
    server = own_server()
    node = Node(kue_folder, server.url)
    kue = KueQueue.at(server.url)
    try:
        scheduler = node.start("repeat_jobs.js", "heartbeat", "10 minutes")
        assert ["registered"] == scheduler.until(1)
        kue.client.set("q:scheduler:data:once", json.dumps({"type": "other", "delay": 1}))
        kue.client.set("q:scheduler:data:broken", "{")
        found = only(read(kue).repeating)
        assert ("heartbeat", "10 minutes", "every 10 minutes") == (found.kind, found.interval, found.schedule)
        assert found.due is not None
        assert 600 == pytest.approx((found.due - datetime.now(UTC)).total_seconds(), abs=30)
        scheduler.kill()
        kue.client.delete("q:scheduler:heartbeat")
        found = only(read(kue).repeating)
        assert found.due is None
    finally:
        node.close()
        kue.close()


def test_a_prefix_is_taken_literally(kue: KueQueue) -> None:
    """Characters that mean something in a pattern mean themselves."""
    every = json.dumps({"type": "acceptComments", "reccurInterval": "1 hour"})
    kue.client.set("[a]*?:scheduler:data:mine", every)
    kue.client.set("a!!:scheduler:data:other", every)
    assert 1 == len(read(KueQueue(kue.client, "[a]*?")).repeating)
    assert 0 == len(read(KueQueue(kue.client, "*")).repeating)


def test_what_kue_did_not_write(kue: KueQueue) -> None:
    """Keys and members of another program's, or broken ones, keep nobody from seeing the rest."""
    queue_job(kue, "acceptComments", {})
    kue.client.sadd(kue.types, b"\xff\x00\x1b[2J")
    kue.client.set(kue.job(77), "no hash")
    members = {"01|1": 0, "02|77": 0, "nonsense": 0, b"\xff|5": 0, "02|78": 0}
    kue.client.zadd(kue.state("active"), members)
    kue.client.hset(kue.job(78), mapping={"state": "active", "started_at": "1e400", "workerId": b"kue:\xff"})
    kue.client.rpush("q:scheduler:data:list", "no text")
    kue.client.set(b"q:scheduler:data:\xff", b'{"type": "heartbeat", "reccurInterval": "1 hour"}')
    status = read(kue)
    assert ["78"] == [one.job_id for one in status.held]
    assert None is status.held[0].since
    assert 1 == next(one for one in status.kinds if one.name == "acceptComments").sizes["inactive"]
    assert [("heartbeat", None)] == [(one.kind, one.due) for one in status.repeating]
