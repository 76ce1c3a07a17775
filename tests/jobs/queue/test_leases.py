"""Leases that ran out: whose they are after a silence, and those that come back to where their job still runs."""

from __future__ import annotations

import threading

import dramatiq
import pytest

from osmod.jobs import steering
from osmod.jobs.broker import JobBroker
from osmod.jobs.queue.scripts import EXCHANGE, EXTEND
from osmod.jobs.steering.invariants import check
from tests.jobs.conftest import working
from tests.queue_counts import queue_counts
from tests.waiting import until


@pytest.mark.timed
def test_only_a_silence_of_the_server_gives_grace(broker: JobBroker) -> None:
    """A lease that ran out while others called is over; after a silence it is not, for a moment, and then it is."""
    actor = dramatiq.actor(actor_name="note")(lambda: None)
    base = broker.key_base("default")
    first, second = actor.send(), actor.send()
    EXCHANGE.run(broker.links, base, [*broker.custody.terms, b"away:1", b"2"])
    active = [f"{message.message_id} away:1".encode() for message in (first, second)]

    def look() -> int:
        return int(EXCHANGE.run(broker.links, base, [*broker.custody.terms, b"", b"0"])[0])

    broker.client.zadd(base + b"active", {active[0]: 1})
    look()
    assert [active[1]] == broker.client.zrange(base + b"active", 0, -1)

    broker.client.zadd(base + b"active", {active[1]: 1})
    now = broker.client.time()[0] * 1000
    broker.client.hset(base + b"meta", "heard", now - broker.custody.lease)
    fields = EXCHANGE.run(broker.links, base, [*broker.custody.terms, b"here:1", b"5"])
    assert 0 < fields[0] <= broker.custody.lease / 3, "told when to come again"
    look()
    assert active[1] in broker.client.zrange(base + b"active", 0, -1), "left alone by whoever comes"
    grace = int(broker.client.hget(base + b"meta", "grace"))
    assert now + 7000 <= grace <= now + 9000
    broker.client.hdel(base + b"meta", "grace")
    look()
    assert active[1] not in broker.client.zrange(base + b"active", 0, -1)
    assert [] == check(broker)


def test_the_first_to_report_after_a_silence_does_not_end_the_leases_of_others(broker: JobBroker) -> None:
    """A heartbeat that comes first counts as hearing of its own process, not of all."""
    actor = dramatiq.actor(actor_name="note")(lambda: None)
    base = broker.key_base("default")
    mine, other = actor.send(), actor.send()
    EXCHANGE.run(broker.links, base, [*broker.custody.terms, b"here:1", b"1"])
    EXCHANGE.run(broker.links, base, [*broker.custody.terms, b"there:1", b"1"])
    members = [f"{mine.message_id} here:1", f"{other.message_id} there:1"]
    broker.client.zadd(base + b"active", dict.fromkeys(members, 1))
    broker.client.hset(base + b"meta", "heard", 1)
    assert [] == EXTEND.run(broker.links, base, [b"15000", mine.message_id.encode(), b"here:1"])
    EXCHANGE.run(broker.links, base, [*broker.custody.terms, b"", b"0"])

    assert 2 == broker.client.zcard(base + b"active")


@pytest.mark.parametrize("noticed", [True, False], ids=["noticed", "not noticed"])
@pytest.mark.parametrize("ends", ["done", "retried"])
def test_a_run_goes_on_under_the_lease_that_its_process_is_given_anew(
    broker: JobBroker, noticed: bool, ends: str
) -> None:
    """Its lease passed on and came back to the very process that still runs it: no second run beside the first."""
    began, may_end, runs = threading.Event(), threading.Event(), []

    @dramatiq.actor(attempts=2, backoff=1)
    def once() -> None:
        runs.append(1)
        began.set()
        assert may_end.wait(120)
        if ends == "retried" and len(runs) == 1:
            raise RuntimeError("as told")

    base = broker.key_base("default")
    with working(broker, threads=3):
        message = once.send()
        assert began.wait(120)
        steering.pause(broker, "default")
        old = broker.client.zrange(base + b"active", 0, -1)
        broker.client.zadd(base + b"active", {old[0]: 1})
        EXCHANGE.run(broker.links, base, [*broker.custody.terms, b"", b"0"])
        assert 1 == queue_counts(broker, "default").waiting
        if noticed:
            broker.custody.holdings("default").extend(broker.links, broker.custody.lease)
            assert broker.custody.holdings("default").held[message.message_id].lost
        steering.resume(broker, "default")
        until(lambda: broker.client.zcard(base + b"active"))
        assert old != broker.client.zrange(base + b"active", 0, -1), "it was leased anew"
        held = broker.custody.holdings("default").held[message.message_id]
        until(lambda: [held.id + b" " + held.token] == broker.client.zrange(base + b"active", 0, -1))
        assert 1 == len(runs)
        may_end.set()
        broker.join("default", timeout=120_000)

    assert (1 if ends == "done" else 2) == len(runs)
    assert 1 == queue_counts(broker, "default").done
    assert [] == check(broker)


def test_a_job_that_ended_is_settled_under_the_lease_given_anew(broker: JobBroker) -> None:
    """It ended and was not told when it was leased here again: its end is told, it is not run again."""
    actor = dramatiq.actor(actor_name="note")(lambda: None)
    base = broker.key_base("default")
    message = actor.send()
    consumer = broker.consume("default", prefetch=2, timeout=10)
    assert next(consumer) is not None
    broker.client.zadd(base + b"active", {broker.client.zrange(base + b"active", 0, -1)[0]: 1})
    EXCHANGE.run(broker.links, base, [*broker.custody.terms, b"", b"0"])
    holdings = broker.custody.holdings("default")
    _, heads, messages = holdings.exchange(consumer._link, b"anew:1", 1)
    held = holdings.held[message.message_id]
    holdings.settle(held, (b"d", held.id, held.token, b""))
    consumer._stock.take(heads.split(), messages, b"anew:1")
    assert not consumer.message_cache
    holdings.flush(broker.links)
    consumer.close()

    assert (1, 0) == (queue_counts(broker, "default").done, queue_counts(broker, "default").active)
    assert message.message_id not in holdings.held


def test_a_worker_that_stops_leaves_the_jobs_of_another_in_its_process(broker: JobBroker) -> None:
    """What the other has in stock is not handed back: it would run twice."""
    may_end, runs = threading.Event(), []

    @dramatiq.actor
    def work(number: int) -> None:
        runs.append(number)
        assert may_end.wait(120)

    broker.declare_queue("other")
    with working(broker, threads=1, queues={"default"}):
        with working(broker, threads=1, queues={"other"}):
            broker.send_many(work.message(number) for number in range(2))
            until(lambda: runs and len(broker.custody.holdings("default").held) == 2)
        may_end.set()
        broker.join("default", timeout=120_000)

    assert [0, 1] == runs
    assert [] == check(broker)


@pytest.mark.parametrize("known", [True, False], ids=["runs elsewhere", "forgotten"])
def test_a_job_in_stock_whose_lease_passed_on_is_not_begun_beside_its_run_elsewhere(
    broker: JobBroker, known: bool
) -> None:
    """A worker that was frozen knows it before it begins the job. One that Redis forgot is nowhere else: it runs."""
    may_end, runs = threading.Event(), []

    @dramatiq.actor
    def work(number: int) -> None:
        runs.append(number)
        assert may_end.wait(120)

    base = broker.key_base("default")
    held = broker.custody.holdings("default").held
    with working(broker, threads=1):
        _, second = broker.send_many(work.message(number) for number in range(2))
        until(lambda: runs and len(held) == 2)
        lease = f"{second.message_id} ".encode() + held[second.message_id].token
        if known:
            broker.client.zadd(base + b"active", {lease: 1})
            EXCHANGE.run(broker.links, base, [*broker.custody.terms, b"there:1", b"1"])
        else:
            broker.client.zrem(base + b"active", lease)
            broker.client.delete(base + b"job:" + second.message_id.encode())
        broker.custody.holdings("default").extend(broker.links, broker.custody.lease)
        assert held[second.message_id].lost
        may_end.set()
        until(lambda: not held)

    assert ([0] if known else [0, 1]) == runs
    if known:
        assert [f"{second.message_id} there:1".encode()] == broker.client.zrange(base + b"active", 0, -1)
    assert [] == check(broker)
