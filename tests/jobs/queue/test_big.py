"""Jobs with arguments of megabytes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import dramatiq
import pytest

from osmod.jobs.broker import JobBroker
from osmod.jobs.queue.scripts import EXCHANGE, EXTEND
from osmod.jobs.steering.invariants import check
from tests.jobs.conftest import working
from tests.queue_counts import queue_counts
from tests.redis_servers import Server

MEGABYTE = 1_000_000


@pytest.mark.timed
def test_big_jobs_keep_their_leases(make_broker: Callable[..., JobBroker]) -> None:
    """Forty jobs of 5 MB through a worker whose lease is shorter than they take to be read: each runs once."""
    broker = make_broker(lease=1000)
    ran: Counter[int] = Counter()
    actor = dramatiq.actor(actor_name="note")(lambda number, _: ran.update([number]))
    broker.send_many(actor.message(number, "x" * 5 * MEGABYTE) for number in range(40))
    with working(broker, threads=8):
        broker.join("default", timeout=120_000)

    assert dict.fromkeys(range(40), 1) == ran
    assert None is broker.client.hget(broker.key_base("default") + b"meta", "recovered")
    broker.flush("default")


def test_a_fetch_is_bounded_in_bytes(broker: JobBroker) -> None:
    """What does not fit stays at its exact place; a job that is too big alone comes alone; one is told to go on."""
    base = broker.key_base("default")
    actor = dramatiq.actor(actor_name="note")(lambda _: None)
    sent = [actor.send("x" * size * MEGABYTE).message_id for size in (1, 2, 3, 6, 1, 1)]
    fetched = []
    for number in range(4):
        wait, heads, *_ = EXCHANGE.run(
            broker.links, base, [*broker.custody.terms, b"here:%d" % number, b"10"]
        )
        fetched.append([one.decode() for one in heads.split()[1::2]])
        line = broker.client.zrange(base + b"ready", 0, -1)
        assert sent[sum(map(len, fetched)) :] == [one.decode() for one in line]
        assert (wait == 0) is bool(line)

    assert [sent[:2], [sent[2]], [sent[3]], sent[4:]] == fetched
    assert [] == check(broker)
    broker.flush("default")


def test_a_send_is_bounded_in_bytes(broker: JobBroker, server: Server) -> None:
    """`send_many` makes more calls of big messages, so that none holds up everybody else; their order stays."""
    actor = dramatiq.actor(actor_name="note")(lambda *_: None)
    other = dramatiq.actor(actor_name="other", queue_name="other")(lambda *_: None)
    messages = [actor.message("x" * 300_000) for _ in range(10)]
    messages[5:5] = [other.message(number) for number in range(3)]
    broker.send_many([actor.message(), other.message()])
    before = _scripts(server)
    sent = broker.send_many(messages)

    assert [message.message_id for message in messages] == [message.message_id for message in sent]
    assert 5 == _scripts(server) - before, "two of three, then the other queue, then two again"
    assert (11, 4) == (queue_counts(broker, "default").waiting, queue_counts(broker, "other").waiting)
    line = [one.decode() for one in broker.client.zrange(broker.key_base("default") + b"ready", 1, -1)]
    assert [message.message_id for message in messages if message.queue_name == "default"] == line


def test_jobs_on_their_way_are_extended(broker: JobBroker) -> None:
    """A heartbeat while an answer is being read extends what it brings, by the token of its call."""
    base = broker.key_base("default")
    actor = dramatiq.actor(actor_name="note")(lambda: None)
    for _ in range(3):
        actor.send()
    EXCHANGE.run(broker.links, base, [*broker.custody.terms, b"slow:1", b"2"])
    EXCHANGE.run(broker.links, base, [*broker.custody.terms, b"other:1", b"1"])
    members = broker.client.zrange(base + b"active", 0, -1)
    broker.client.zadd(base + b"active", dict.fromkeys(members, 1))
    assert [] == EXTEND.run(broker.links, base, [b"15000", b"", b"slow:1"])

    extended = [
        member.split()[1]
        for member, end in broker.client.zrange(base + b"active", 0, -1, withscores=True)
        if end > 1
    ]
    assert [b"slow:1", b"slow:1"] == extended


def test_the_heartbeat_knows_what_is_on_its_way(broker: JobBroker) -> None:
    """Between the lease and the moment that a job is held, its token stands for it; no longer."""
    base = broker.key_base("default")
    actor = dramatiq.actor(actor_name="note")(lambda: None)
    actor.send()
    holdings = broker.custody.holdings("default")
    link = broker.links.new()
    holdings.exchange(link, b"slow:1", 1)

    def end() -> Any:
        return broker.client.zrange(base + b"active", 0, -1, withscores=True)[0][1]

    broker.client.zadd(base + b"active", {broker.client.zrange(base + b"active", 0, -1)[0]: 1})
    holdings.extend(broker.links, 0)
    assert 1 < end(), "extended"
    holdings.arrived(b"slow:1")
    broker.client.zadd(base + b"active", {broker.client.zrange(base + b"active", 0, -1)[0]: 1})
    holdings.extend(broker.links, 0)
    assert 1 == end(), "whoever holds it extends it"
    link.close()


def _scripts(server: Server) -> int:
    stats = server.client.info("commandstats")
    return int(stats["cmdstat_evalsha"]["calls"])
