"""Dramatiq's features, on the job queue."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any

import dramatiq
import pytest
from dramatiq import Message, QueueJoinTimeout
from dramatiq.brokers.redis import RedisBroker
from dramatiq.middleware import AsyncIO, CurrentMessage

from osmod.jobs.broker import JobBroker
from tests.jobs.conftest import working
from tests.queue_counts import queue_counts
from tests.redis_servers import Server
from tests.waiting import until


def test_a_job_broker_is_a_redis_broker(broker: JobBroker) -> None:
    """What asks for Dramatiq's Redis broker accepts this one."""
    assert isinstance(broker, RedisBroker)
    assert broker.get_declared_delay_queues() == set()


def test_an_actor_runs_once_for_each_message(broker: JobBroker) -> None:
    """Every message sent is run, once."""
    ran: list[int] = []
    actor = dramatiq.actor(actor_name="note")(ran.append)

    with working(broker):
        for number in range(200):
            actor.send(number)
        broker.join(actor.queue_name, timeout=120_000)

    assert sorted(ran) == list(range(200))
    assert queue_counts(broker, "default").done == 200


def test_messages_run_in_the_order_sent(broker: JobBroker) -> None:
    """Within a priority, first in is first out."""
    ran: list[int] = []
    actor = dramatiq.actor(actor_name="note")(ran.append)
    broker.send_many([actor.message(number) for number in range(100)])

    with working(broker, threads=1):
        broker.join(actor.queue_name, timeout=120_000)

    assert ran == list(range(100))


def test_priority_is_kept_in_redis(broker: JobBroker) -> None:
    """What was sent last with a higher priority runs first."""
    ran: list[str] = []
    actor = dramatiq.actor(actor_name="note")(ran.append)
    for priority in ("low", "normal", "medium", "high", "critical", 7):
        actor.send_with_options(args=(str(priority),), priority=priority)

    with working(broker, threads=1):
        broker.join(actor.queue_name, timeout=120_000)

    assert ran == ["critical", "high", "medium", "normal", "7", "low"]


@pytest.mark.timed
def test_delayed_messages_run_when_due_and_in_time_order(broker: JobBroker) -> None:
    """A shorter delay sent later runs earlier, none runs early."""
    ran: list[tuple[int, float]] = []
    actor = dramatiq.actor(actor_name="note")(lambda number: ran.append((number, time.monotonic())))

    with working(broker):
        sent = time.monotonic()
        actor.send_with_options(args=(300,), delay=300)
        actor.send_with_options(args=(150,), delay=150)
        broker.join(actor.queue_name, timeout=120_000)

    assert [number for number, _ in ran] == [150, 300]
    for number, moment in ran:
        assert number / 1000 <= moment - sent + 0.002 < number / 1000 + 0.5


def test_a_failing_actor_is_retried(broker: JobBroker) -> None:
    """Dramatiq's retries run again after their backoff, with what they note about the failure."""
    seen: list[dict[str, object]] = []

    @dramatiq.actor(min_backoff=10, max_backoff=10, max_retries=3)
    def fails_twice() -> None:
        message = CurrentMessage.get_current_message()
        assert message is not None
        seen.append(dict(message.options))
        if len(seen) < 3:
            raise RuntimeError("not yet")

    broker.add_middleware(CurrentMessage())
    with working(broker):
        fails_twice.send()
        broker.join("default", timeout=120_000)

    assert [options.get("retries", 0) for options in seen] == [0, 1, 2]
    assert "not yet" in str(seen[2]["traceback"])


def test_a_job_that_used_up_its_retries_is_kept_as_failed(broker: JobBroker) -> None:
    """The dead letters: state, reason and traceback stay readable."""

    @dramatiq.actor(max_retries=0)
    def breaks() -> None:
        raise RuntimeError("broken for good")

    with working(broker):
        message = breaks.send()
        broker.join("default", timeout=120_000)

    record = broker.client.hgetall(f"dramatiq:{{default}}:job:{message.message_id}")
    assert record[b"state"] == b"failed"
    assert record[b"error"] == b"RuntimeError: broken for good"
    assert b"in breaks" in record[b"traceback"]


def test_a_message_for_no_known_actor_is_failed(broker: JobBroker) -> None:
    """Nothing is lost by sending to an actor that the worker does not have."""
    broker.declare_queue("default")
    broker.enqueue(Message("default", "nobody", (), {}, {}))

    with working(broker):
        until(lambda: queue_counts(broker, "default").failed == 1)


@pytest.mark.parametrize("data", [b"\x00 no json", b'{"args":' + b"[" * 9999 + b"]" * 9999 + b"}"])
def test_an_unreadable_message_is_failed(broker: JobBroker, data: bytes) -> None:
    """A message that no decoder understands, or too deep for this one, does not stop the queue."""
    ran: list[int] = []
    actor = dramatiq.actor(actor_name="note")(ran.append)
    broker.do_enqueue("default", "odd", data)
    actor.send(1)

    with working(broker):
        until(lambda: queue_counts(broker, "default").failed == 1)
        broker.join("default", timeout=120_000)

    assert ran == [1]


def test_asyncio_actors_run(broker: JobBroker) -> None:
    """Coroutine functions are actors too."""
    broker.add_middleware(AsyncIO())
    ran: list[int] = []

    @dramatiq.actor
    async def note(number: int) -> None:
        await asyncio.sleep(0)
        ran.append(number)

    with working(broker):
        note.send(1)
        broker.join("default", timeout=120_000)

    assert ran == [1]


def test_only_the_queues_asked_for_are_served(broker: JobBroker) -> None:
    """`--queues` leaves the others alone."""
    ran: list[str] = []
    mine = dramatiq.actor(actor_name="mine", queue_name="mine")(lambda: ran.append("mine"))
    other = dramatiq.actor(actor_name="other", queue_name="other")(lambda: ran.append("other"))
    mine.send()
    other.send()

    with working(broker, queues={"mine"}):
        broker.join("mine", timeout=120_000)

    assert ran == ["mine"]
    assert queue_counts(broker, "other").waiting == 1


def test_join_times_out(broker: JobBroker) -> None:
    """`join` gives up after its timeout."""
    broker.declare_queue("default")
    broker.enqueue(Message("default", "nobody", (), {}, {}))
    with pytest.raises(QueueJoinTimeout):
        broker.join("default", timeout=150)


def test_flush_all_deletes_what_was_declared(broker: JobBroker, server: Server) -> None:
    """After `flush_all` no job is left, nor any key of one."""
    actor = dramatiq.actor(actor_name="noop")(lambda: None)
    actor.send()
    actor.send_with_options(delay=60_000)
    broker.flush_all()

    assert broker.do_qsize("default") == 0
    assert set(server.client.keys()) <= {b"dramatiq:{default}:meta", b"dramatiq:{workers}:queues"}


def test_a_slow_queue_does_not_starve_another(broker: JobBroker) -> None:
    """However many slow jobs wait in one queue, a job of another starts at once."""
    release = threading.Event()
    slow = dramatiq.actor(actor_name="slow", queue_name="slow")(lambda: release.wait(120))
    ran = threading.Event()
    quick = dramatiq.actor(actor_name="quick", queue_name="quick")(ran.set)
    for _ in range(50):
        slow.send()

    with working(broker, threads=4):
        until(lambda: queue_counts(broker, "slow").active >= 4)
        quick.send()
        started = ran.wait(120)
        release.set()

    assert started


def test_rejecting_an_unknown_message_does_nothing(broker: JobBroker) -> None:
    """A message that did not come from the consumer is ignored by `ack` and `nack`."""
    consumer = broker.consume("default", prefetch=1, timeout=10)
    message: Message[Any] = Message("default", "nobody", (), {}, {"redis_message_id": "XXX"})
    consumer.nack(message)  # type: ignore[arg-type]
    consumer.ack(message)  # type: ignore[arg-type]
    consumer.close()


def test_unknown_attributes_are_refused(broker: JobBroker) -> None:
    """As on Dramatiq's broker, a misspelt attribute is an error."""
    with pytest.raises(AttributeError):
        _ = broker.does_not_exist


def test_a_broker_works_on_a_given_client(make_broker: Callable[..., JobBroker], server: Server) -> None:
    """`client=` is taken as given."""
    broker = make_broker(url=None, client=server.client)
    assert broker.client is server.client
    actor = dramatiq.actor(actor_name="noop")(lambda: None)
    actor.send()
    assert broker.do_qsize("default") == 1
