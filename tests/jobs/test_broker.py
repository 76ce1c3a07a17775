"""Dramatiq's features, on the job queue."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable

import dramatiq
import pytest
from dramatiq import Message, QueueJoinTimeout, group, pipeline
from dramatiq.brokers.redis import RedisBroker
from dramatiq.middleware import AsyncIO, CurrentMessage, GroupCallbacks
from dramatiq.rate_limits import ConcurrentRateLimiter
from dramatiq.rate_limits.backends import RedisBackend as RateLimiterBackend
from dramatiq.results import Results
from dramatiq.results.backends import RedisBackend

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
    actor = dramatiq.actor(ran.append, actor_name="note")

    with working(broker):
        for number in range(200):
            actor.send(number)
        broker.join(actor.queue_name, timeout=10_000)

    assert sorted(ran) == list(range(200))
    assert queue_counts(broker, "default").done == 200


def test_messages_run_in_the_order_sent(broker: JobBroker) -> None:
    """Within a priority, first in is first out."""
    ran: list[int] = []
    actor = dramatiq.actor(ran.append, actor_name="note")
    broker.send_many([actor.message(number) for number in range(100)])

    with working(broker, threads=1):
        broker.join(actor.queue_name, timeout=10_000)

    assert ran == list(range(100))


def test_priority_is_kept_in_redis(broker: JobBroker) -> None:
    """What was sent last with a higher priority runs first."""
    ran: list[str] = []
    actor = dramatiq.actor(ran.append, actor_name="note")
    for priority in ("low", "normal", "medium", "high", "critical", 7):
        actor.send_with_options(args=(str(priority),), priority=priority)

    with working(broker, threads=1):
        broker.join(actor.queue_name, timeout=10_000)

    assert ran == ["critical", "high", "medium", "normal", "7", "low"]


def test_delayed_messages_run_when_due_and_in_time_order(broker: JobBroker) -> None:
    """A shorter delay sent later runs earlier, none runs early."""
    ran: list[tuple[int, float]] = []
    actor = dramatiq.actor(lambda number: ran.append((number, time.monotonic())), actor_name="note")

    with working(broker):
        sent = time.monotonic()
        actor.send_with_options(args=(300,), delay=300)
        actor.send_with_options(args=(150,), delay=150)
        broker.join(actor.queue_name, timeout=10_000)

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
        broker.join("default", timeout=10_000)

    assert [options.get("retries", 0) for options in seen] == [0, 1, 2]
    assert "not yet" in str(seen[2]["traceback"])


def test_a_job_that_used_up_its_retries_is_kept_as_failed(broker: JobBroker) -> None:
    """The dead letters: state, reason and traceback stay readable."""

    @dramatiq.actor(max_retries=0)
    def breaks() -> None:
        raise RuntimeError("broken for good")

    with working(broker):
        message = breaks.send()
        broker.join("default", timeout=10_000)

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
    actor = dramatiq.actor(ran.append, actor_name="note")
    broker.do_enqueue("default", "odd", data)
    actor.send(1)

    with working(broker):
        until(lambda: queue_counts(broker, "default").failed == 1)
        broker.join("default", timeout=10_000)

    assert ran == [1]


def test_results_pipelines_and_groups(broker: JobBroker, server: Server) -> None:
    """Results are stored, pipelines pass them on, groups call back once when all are done."""
    broker.add_middleware(Results(backend=RedisBackend(client=server.client)))
    broker.add_middleware(GroupCallbacks(RateLimiterBackend(client=server.client)))
    called = threading.Event()

    @dramatiq.actor(store_results=True)
    def add(left: int, right: int) -> int:
        return left + right

    @dramatiq.actor
    def all_done() -> None:
        called.set()

    with working(broker):
        assert add.send(1, 2).get_result(block=True) == 3
        chain = pipeline([add.message(1, 2), add.message(3), add.message(4)]).run()
        assert chain.get_result(block=True) == 10
        both = group([add.message(1, 1), add.message(2, 2)])
        both.add_completion_callback(all_done.message())
        both.run()
        assert list(both.get_results(block=True)) == [2, 4]
        assert called.wait(5)


def test_callbacks_rate_limiters_and_the_age_limit(broker: JobBroker, server: Server) -> None:
    """What Dramatiq's middleware and limiters do around a job, they do here."""
    succeeded: list[object] = []
    running, most = 0, 0
    limiter = ConcurrentRateLimiter(RateLimiterBackend(client=server.client), "one", limit=1)

    @dramatiq.actor
    def on_success(message: object, result: object) -> None:
        succeeded.append(result)

    @dramatiq.actor(min_backoff=5, max_backoff=20)
    def limited() -> None:
        nonlocal running, most
        with limiter.acquire():
            running += 1
            most = max(most, running)
            running -= 1

    @dramatiq.actor(max_age=1)
    def too_old() -> None:
        raise AssertionError("ran")

    stale = too_old.message().copy(message_timestamp=0)
    with working(broker):
        on_success.send_with_options(args=({}, 1), on_success=on_success)
        for _ in range(10):
            limited.send()
        broker.enqueue(stale)
        until(lambda: queue_counts(broker, "default").failed == 1)
        broker.join("default", timeout=20_000)

    assert succeeded == [1, None]
    assert most == 1


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
        broker.join("default", timeout=10_000)

    assert ran == [1]


def test_only_the_queues_asked_for_are_served(broker: JobBroker) -> None:
    """`--queues` leaves the others alone."""
    ran: list[str] = []
    mine = dramatiq.actor(lambda: ran.append("mine"), actor_name="mine", queue_name="mine")
    other = dramatiq.actor(lambda: ran.append("other"), actor_name="other", queue_name="other")
    mine.send()
    other.send()

    with working(broker, queues={"mine"}):
        broker.join("mine", timeout=10_000)

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
    actor = dramatiq.actor(lambda: None, actor_name="noop")
    actor.send()
    actor.send_with_options(delay=60_000)
    broker.flush_all()

    assert broker.do_qsize("default") == 0
    assert set(server.client.keys()) <= {b"dramatiq:{default}:meta"}


def test_a_slow_queue_does_not_starve_another(broker: JobBroker) -> None:
    """However many slow jobs wait in one queue, a job of another starts at once."""
    release = threading.Event()
    slow = dramatiq.actor(lambda: release.wait(20), actor_name="slow", queue_name="slow")
    ran = threading.Event()
    quick = dramatiq.actor(ran.set, actor_name="quick", queue_name="quick")
    for _ in range(50):
        slow.send()

    with working(broker, threads=4):
        until(lambda: queue_counts(broker, "slow").active >= 4)
        quick.send()
        started = ran.wait(3)
        release.set()

    assert started


def test_rejecting_an_unknown_message_does_nothing(broker: JobBroker) -> None:
    """A message that did not come from the consumer is ignored by `ack` and `nack`."""
    consumer = broker.consume("default", prefetch=1, timeout=10)
    message = Message("default", "nobody", (), {}, {"redis_message_id": "XXX"})
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
    actor = dramatiq.actor(lambda: None, actor_name="noop")
    actor.send()
    assert broker.do_qsize("default") == 1
