"""Scripts stop before their first write or not at all, whatever they are given and whatever lies in their way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import dramatiq
import pytest
from dramatiq import Message

from osmod.jobs.broker import JobBroker
from osmod.jobs.errors import JobNotQueued, RedisUnusable
from osmod.jobs.queue.scripts import ENQUEUE, EXCHANGE, RECLAIM
from osmod.jobs.steering.invariants import check
from osmod.jobs.wire.resp import ServerError
from tests.queue_counts import queue_counts
from tests.redis_servers import Server

BROKEN_TERMS = [
    b"nan  ",
    b"1e999  ",
    b"0 anan ",
    b"0 a1e400 ",
    b"0 d1e305 ",
    b"0  {",
    b'0  {"unique": "k"}',
    b'0  {"unique": "k", "unique_ttl": 1e400}',
    b'0  {"unique": "k", "unique_ttl": "soon"}',
    b'0  {"unique": {}, "unique_ttl": 1}',
    b'0  {"unique": "\\ud800", "unique_ttl": 1}',
    b'0  {"index": {"a": NaN}}',
    b'0  {"index": 1}',
    b"nothing",
]


@pytest.mark.parametrize("terms", BROKEN_TERMS, ids=repr)
def test_the_script_stores_all_or_nothing(broker: JobBroker, server: Server, terms: bytes) -> None:
    """Should anything broken reach it all the same, it stops before its first write or not at all."""
    message = Message[Any]("default", "note", (), {}, {}).encode()
    arguments = [
        b"first",
        message,
        b'0  {"unique": "u", "unique_ttl": 9000}',
        b"bad",
        message,
        terms,
        b"last",
        message,
        b"",
    ]
    try:
        ENQUEUE.run(broker.links, broker.key_base("default"), arguments)
        stored = 3
    except ServerError:
        stored = 0

    assert stored == len(server.client.keys("*job:*"))
    assert stored or [] == server.client.keys("*")
    assert [] == check(broker)


@pytest.mark.parametrize("key", ["ready", "delayed", "meta", "index:actor:note", "indexes", "wake", "events"])
def test_a_key_of_another_kind_orphans_nothing_that_is_sent(
    broker: JobBroker, server: Server, key: str
) -> None:
    """Somebody wrote over one of the queue's keys: what is stored is stored whole, and can be sent again."""
    base = broker.key_base("default").decode()
    server.client.set(base + "watched", 1)
    server.client.set(base + key, "not mine")
    actor = dramatiq.actor(actor_name="note")(lambda: None)
    messages = [actor.message() for _ in range(5)]
    messages += [actor.message_with_options(eta=10**13) for _ in range(5)]
    refused = _refusal(lambda: broker.send_many(messages))
    assert not refused or "another program writes to it" in refused
    server.client.delete(base + key)

    assert [] == check(broker)
    broker.send_many(messages)
    counts = queue_counts(broker, "default")
    assert (5, 5) == (counts.waiting, counts.delayed)


@pytest.mark.parametrize("field", ["arrivals", "done", "failed", "retried", "cancelled", "recovered"])
def test_a_counter_that_is_no_number_orphans_nothing(broker: JobBroker, server: Server, field: str) -> None:
    """The same for what is counted."""
    base = broker.key_base("default")
    _hold_some(broker)
    server.client.hset(base + b"meta", field, "many")
    _settle_all(broker)
    server.client.hdel(base + b"meta", field)
    _settle_all(broker)

    assert [] == check(broker)
    counts = queue_counts(broker, "default")
    assert (3, 1, 1, 1, 1, 0) == (
        *(counts.waiting, counts.delayed, counts.done, counts.failed, counts.cancelled, counts.active),
    )


@pytest.mark.parametrize(
    "key",
    [
        "ready",
        "delayed",
        "active",
        "done",
        "failed",
        "cancelled",
        "meta",
        "wake",
        "events",
        "index:error:Oops",
    ],
)
def test_a_key_of_another_kind_orphans_nothing_that_is_settled(
    broker: JobBroker, server: Server, key: str
) -> None:
    """Settling, promoting, recovering and leasing stop before they begin, or do not stop."""
    base = broker.key_base("default").decode()
    _hold_some(broker)
    server.client.set(base + "watched", 1)
    if kept := server.client.exists(base + key):
        server.client.rename(base + key, base + "aside")
    server.client.set(base + key, "not mine")
    _settle_all(broker)
    server.client.delete(base + key)
    if kept:
        server.client.rename(base + "aside", base + key)
    _settle_all(broker)

    assert [] == check(broker)
    counts = queue_counts(broker, "default")
    assert (1, 1, 1) == (counts.delayed, counts.failed, counts.cancelled)


def _hold_some(broker: JobBroker) -> None:
    """Six jobs held, one lost by its worker, one due."""
    message = Message[Any]("default", "note", (), {}, {}).encode()
    base = broker.key_base("default")
    ids = [b"done", b"failed", b"again", b"later", b"stop", b"lost"]
    ENQUEUE.run(broker.links, base, [part for one in ids for part in (one, message, b"")])
    EXCHANGE.run(broker.links, base, [*broker.custody.terms, b"here:1", b"6"])
    ENQUEUE.run(broker.links, base, [b"due", message, b"0 d3600000 "])
    broker.client.zadd(base + b"active", {b"lost here:1": 1})
    broker.client.zadd(base + b"delayed", {b"due": 1})
    broker.client.hset(base + b"job:stop", "cancel", "somebody")


def _settle_all(broker: JobBroker) -> None:
    base = broker.key_base("default")
    settlements = [
        *(b"d", b"done", b"here:1", b""),
        *(b"f", b"failed", b"here:1", b"Oops: really", b"", b""),
        *(b"r", b"again", b"here:1", b"0", Message[Any]("default", "note", (), {}, {}).encode()),
        *(b"Error: x", b" 1.5 worker-1"),
        *(b"p", b"later", b"here:1", b"3600000", b"its turn"),
        *(b"f", b"stop", b"here:1", b"Oops", b"", b""),
    ]
    refused = [
        _refusal(
            lambda: EXCHANGE.run(broker.links, base, [*broker.custody.terms, b"here:2", b"1", *settlements])
        ),
        _refusal(lambda: RECLAIM.run(broker.links, base, [b"here:2", b"1000"])),
    ]
    assert all(
        not text or "another program writes to it" in text or "not an integer" in text for text in refused
    )


def _refusal(call: Callable[[], object]) -> str:
    try:
        call()
    except (ServerError, RedisUnusable, JobNotQueued) as error:
        return str(error)
    return ""


def test_a_key_until_the_start_is_taken_again_by_what_lines_up_again(
    make_broker: Callable[..., JobBroker],
) -> None:
    """`unique_until="started"`: a retry that waits holds the key, unless another job took it meanwhile."""
    broker = make_broker()
    base = broker.key_base("default")
    actor = dramatiq.actor(actor_name="note")(lambda: None)
    options: Any = {"unique": "key", "unique_until": "started"}
    message = Message[Any]("default", "note", (), {}, {}).encode()

    def retried(job: Message[Any], token: bytes, meanwhile: Callable[[], object]) -> None:
        EXCHANGE.run(broker.links, base, [*broker.custody.terms, token, b"1"])
        assert not broker.client.exists(base + b"unique:key"), "free while it runs"
        meanwhile()
        retry = [b"r", job.message_id.encode(), token, b"60000", message, b"", b""]
        EXCHANGE.run(broker.links, base, [*broker.custody.terms, b"", b"0", *retry])

    def send() -> Message[Any]:
        return actor.send_with_options(**options)

    first = send()
    retried(first, b"here:1", lambda: None)
    assert first.message_id == send().message_id
    assert 60_000 < broker.client.pttl(base + b"unique:key")

    broker.flush("default")
    first, others = send(), []
    retried(first, b"here:2", lambda: others.append(send()))
    assert others[0].message_id == send().message_id != first.message_id
    assert [] == check(broker)
