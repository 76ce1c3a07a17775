"""What Kue's processes leave undone in its queue, and what they do for it."""

from __future__ import annotations

import dramatiq
import pytest

from osmod.jobs.broker import JobBroker
from osmod.jobs.records.find import count
from osmod.kue.keys import KueQueue, zid
from osmod.kue.taking import Taker
from osmod.kue.upkeep import STEP, Strays, promote, ring
from tests.waiting import until


@pytest.fixture
def taker(broker: JobBroker, kue: KueQueue) -> Taker:
    """Takes jobs of the type `note`."""

    @dramatiq.actor(actor_name="note")
    def note(number: int) -> None: ...

    return Taker(broker, kue)


def put(kue: KueQueue, job_id: int, state: str = "inactive", *, due: int = 0) -> None:
    """A job as Kue has it once it is saved."""
    kue.client.hset(kue.job(job_id), mapping={"type": "note", "state": state, "data": "{}", "priority": 0})
    kue.client.zadd(kue.jobs, {zid(job_id): 0})
    kue.client.zadd(kue.state(state, "note"), {zid(job_id): 0})
    kue.client.zadd(kue.state(state), {zid(job_id): due})
    if state == "inactive":
        kue.client.lpush(kue.bell("note"), 1)


def test_strays(kue: KueQueue, taker: Taker) -> None:
    """A job that was popped by who then died is back once it was seen so for long, and not before."""
    for number in range(1, STEP + 10):
        put(kue, number)
    kue.client.zrem(kue.state("inactive", "note"), zid(3), zid(STEP + 5))
    strays = Strays(kue, seconds=0.3)
    assert [0, 0] == [strays.step(["note"]), strays.step(["note"])]
    assert STEP + 7 == kue.client.zcard(kue.state("inactive", "note"))
    until(lambda: strays.step(["note"]) == 1, what="one is back")
    until(lambda: strays.step(["note"]) == 1, what="so is the other")
    assert STEP + 9 == kue.client.zcard(kue.state("inactive", "note"))


def test_what_is_popped_and_then_begun_is_no_stray(kue: KueQueue, taker: Taker) -> None:
    """Somebody works on it."""
    put(kue, 1)
    kue.client.zrem(kue.state("inactive", "note"), zid(1))
    strays = Strays(kue, seconds=0)
    kue.client.hset(kue.job(1), "state", "active")
    assert 0 == strays.step(["note"])


def test_half_written_jobs_are_left(kue: KueQueue, taker: Taker, broker: JobBroker) -> None:
    """What has no state yet is not taken, nor does it hide what stands behind it; entries of nothing go."""
    put(kue, 1)
    kue.client.hdel(kue.job(1), "state")
    put(kue, 2)
    kue.client.delete(kue.job(2))
    put(kue, 3)
    kue.client.hset(kue.job(3), "state", "complete")
    put(kue, 4)
    assert 1 == taker.take()[0]
    assert 1 == count(broker)
    assert [zid(1).encode()] == kue.client.zrange(kue.state("inactive", "note"), 0, -1)
    assert [zid(1).encode()] == kue.client.zrange(kue.state("inactive"), 0, -1)
    assert b"complete" == kue.client.hget(kue.job(3), "state")


def test_bells(kue: KueQueue, taker: Taker) -> None:
    """There are as many as jobs wait, for Kue's workers: the bridge leaves no more, and puts back what is missing."""
    for number in range(1, 6):
        put(kue, number)
    assert 3 == taker.take(3)[0]
    assert 2 == kue.client.llen(kue.bell("note"))
    kue.client.delete(kue.bell("note"))
    ring(kue, ["note"])
    assert 2 == kue.client.llen(kue.bell("note"))
    assert 2 == taker.take()[0]
    assert 0 == kue.client.exists(kue.bell("note"))


def test_promotion_waits_for_a_process_of_kues(kue: KueQueue) -> None:
    """While one holds the lock it works on jobs that it has read: nobody else touches them."""
    put(kue, 1, "delayed", due=1)
    kue.client.set("promotion:lock", "token", px=60_000)
    assert 0 == promote(kue)
    kue.client.delete("promotion:lock")
    assert 1 == promote(kue)
    assert b"inactive" == kue.client.hget(kue.job(1), "state")
    assert 1 == kue.client.llen(kue.bell("note"))
    assert 0 == kue.client.zcard(kue.state("delayed")) + kue.client.zcard(kue.state("delayed", "note"))


def test_entries_of_nothing_are_not_promoted(kue: KueQueue) -> None:
    """A job that is delayed no more, or gone, only leaves the set."""
    put(kue, 1, "delayed", due=1)
    kue.client.hset(kue.job(1), "state", "complete")
    put(kue, 2, "delayed", due=1)
    kue.client.delete(kue.job(2))
    assert 2 == promote(kue)
    assert 0 == kue.client.zcard(kue.state("delayed")) + kue.client.zcard(kue.state("inactive"))


def test_no_more_open_than_allowed(broker: JobBroker, kue: KueQueue, taker: Taker) -> None:
    """What is open and not told of is bounded; the rest waits in Kue."""
    for number in range(1, 8):
        put(kue, number)
    few = Taker(broker, kue, most_open=5)
    assert (5, 0) == few.take()
    assert (0, 0) == few.take()
    assert 2 == kue.client.zcard(kue.state("inactive", "note"))


def test_who_stood_still_leaves_what_it_claimed(
    broker: JobBroker, kue: KueQueue, taker: Taker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After seconds others have sent it, and it may have run, and be forgotten: it is sent only as theirs would be."""
    put(kue, 1)
    monkeypatch.setattr("osmod.kue.taking.GRACE", 0.0)
    assert 1 == taker.take()[0]
    assert (0, 1) == (count(broker), kue.client.zcard(kue.taken))
    assert 1 == Taker(broker, kue).recover(0.0)
    assert (1, 0) == (count(broker), kue.client.zcard(kue.taken))
