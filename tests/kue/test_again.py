"""Jobs that come a second time: had run again here, in Kue, or by nobody."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import dramatiq
import pytest

from osmod.jobs.broker import JobBroker
from osmod.jobs.records.filters import JobFilter
from osmod.jobs.states import JobState
from osmod.jobs.steering import delete, retry
from osmod.kue.bridge import Bridge
from osmod.kue.keys import KueQueue
from osmod.kue.reports import UNKNOWN
from osmod.kue.taking import Taker
from osmod.kue.telling import Teller
from tests.found import only
from tests.jobs.conftest import working
from tests.kue.node import Node
from tests.kue.stand_in import queue_job
from tests.waiting import until

#: Each starts Node several times, which takes a second.
pytestmark = pytest.mark.parametrize("shared_server", ["valkey"], indirect=True)


@pytest.fixture
def ran(broker: JobBroker) -> list[int]:
    """The numbers of the jobs that ran; each fails the first time."""
    numbers: list[int] = []

    @dramatiq.actor(actor_name="note")
    def note(number: int) -> None:
        numbers.append(number)
        if numbers.count(number) == 1:
            raise ValueError("the first time")

    return numbers


@pytest.fixture
def bridge(broker: JobBroker, kue: KueQueue) -> Iterator[Bridge]:
    """A bridge that works."""
    one = Bridge(broker, kue)
    one.start()
    yield one
    assert one.stop()
    one.wait()


def events(lines: list[Any]) -> list[str]:
    """What a Node process heard."""
    return [one["event"] for one in lines[1:]]


def test_run_again_here(node: Node, broker: JobBroker, kue: KueQueue, ran: list[int], bridge: Bridge) -> None:
    """A failed job that an operator has run again is active, then complete for Kue, too."""
    job_id = only(node.run("queue_jobs.js", json.dumps([{"type": "note", "data": {"number": 7}}])))
    with working(broker):
        until(lambda: kue.client.zcard(kue.state("failed")), what="it failed")
        assert 1 == retry(broker, JobFilter(states=(JobState.FAILED,)))
        until(lambda: kue.client.zcard(kue.state("complete")), what="it is complete")
    assert [7, 7] == ran
    assert [b"1"] == kue.client.hmget(kue.job(job_id), "osmod_claim")
    assert 0 == kue.client.zcard(kue.state("failed")) + kue.client.zcard(kue.held)


def test_run_again_here_while_no_bridge_runs(broker: JobBroker, kue: KueQueue, ran: list[int]) -> None:
    """The next bridge tells of it, though it heard nothing."""
    job_id = queue_job(kue, "note", {"number": 7}, removeOnComplete="")
    taker, teller = Taker(broker, kue), Teller(broker, kue)
    taker.take()
    with working(broker):
        until(lambda: teller.look(0.0) == 0, what="it failed")
        assert b"failed" == kue.client.hget(kue.job(job_id), "state")
        assert 1 == retry(broker, JobFilter(states=(JobState.FAILED,)))
        until(lambda: ran == [7, 7], what="it ran again")
        broker.join("default")
    teller.look_back()
    assert b"complete" == kue.client.hget(kue.job(job_id), "state")
    assert 0 == kue.client.zcard(kue.state("failed")) + kue.client.zcard(kue.held)


def test_run_again_there(
    node: Node, broker: JobBroker, kue: KueQueue, ran: list[int], bridge: Bridge
) -> None:
    """A failed job that Kue's pages have run again is another claim, and another job here."""
    job_id = only(node.run("queue_jobs.js", json.dumps([{"type": "note", "data": {"number": 7}}])))
    with working(broker):
        until(lambda: kue.client.zcard(kue.state("failed")), what="it failed")
        node.run("wait_again.js", job_id)
        until(lambda: kue.client.zcard(kue.state("complete")), what="it is complete")
    assert [7, 7] == ran
    assert [b"2", b"complete"] == kue.client.hmget(kue.job(job_id), "osmod_claim", "state")


def test_deleted_here(node: Node, broker: JobBroker, kue: KueQueue, ran: list[int]) -> None:
    """It failed for Kue, and nobody says that it did its work."""
    job_id = only(node.run("queue_jobs.js", json.dumps([{"type": "note", "data": {"number": 7}}])))
    Taker(broker, kue).take()
    assert 1 == delete(broker, JobFilter())
    Teller(broker, kue).look(0.0)
    assert [b"failed", UNKNOWN.encode()] == kue.client.hmget(kue.job(job_id), "state", "error")
    assert 0 == kue.client.zcard(kue.held)


def test_claimed_anew_while_it_waits_here(
    node: Node, broker: JobBroker, kue: KueQueue, ran: list[int]
) -> None:
    """Somebody had an active job wait in Kue: the older of the two claims does not run."""
    job_id = only(node.run("queue_jobs.js", json.dumps([{"type": "note", "data": {"number": 7}}])))
    taker, teller = Taker(broker, kue), Teller(broker, kue)
    taker.take()
    node.run("wait_again.js", job_id)
    taker.take()
    teller.look(0.0)
    assert 1 == kue.client.zcard(kue.held)
    with working(broker):
        until(lambda: ran == [7], what="it ran")
        broker.join("default")
    assert [7] == ran


def test_what_waits_here_for_long_is_not_overdue(
    node: Node, broker: JobBroker, kue: KueQueue, ran: list[int]
) -> None:
    """Kue's processes fail what was active for longer than its `ttl`; that is for runs, not for waiting."""
    worker = node.start("work_other.js")
    worker.until(1)
    job_id = only(
        node.run("queue_jobs.js", json.dumps([{"type": "note", "data": {"number": 7}, "ttl": 200}]))
    )
    Taker(broker, kue).take()
    began = time.monotonic()
    until(lambda: time.monotonic() - began > 4, what="Kue's process looked several times")
    assert b"active" == kue.client.hget(kue.job(job_id), "state")


def test_an_old_report_changes_nothing(node: Node, broker: JobBroker, kue: KueQueue, ran: list[int]) -> None:
    """A bridge that stood still tells of what others told meanwhile, and of a claim that is over."""
    listener = kue.client.pubsub()
    job_id = only(node.run("queue_jobs.js", json.dumps([{"type": "note", "data": {"number": 7}}])))
    taker, teller = Taker(broker, kue), Teller(broker, kue)
    taker.take()
    message_id = only(kue.client.zrange(kue.held, 0, -1))
    with working(broker):
        until(lambda: ran == [7], what="it ran")
        until(lambda: teller.look(0.0) == 0, what="it is told of")
    before = kue.client.hgetall(kue.job(job_id))
    listener.subscribe(kue.events)
    kue.client.zadd(kue.held, {message_id: 1})
    teller.look(0.0)
    assert [] == [
        one for one in iter(lambda: listener.get_message(timeout=0.2), None) if one["type"] == "message"
    ]
    listener.close()
    assert before == kue.client.hgetall(kue.job(job_id))
    assert 0 == kue.client.zcard(kue.held)
