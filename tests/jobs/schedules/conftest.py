"""A Valkey of its own, brokers on it, and a clock that stands until it is moved."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import dramatiq
import pytest
import redis
from dramatiq import Message, MessageProxy
from dramatiq.brokers.redis import RedisBroker
from dramatiq.middleware import Retries, SkipMessage

from osmod.jobs.schedules import Schedule, SchedulesMiddleware
from osmod.jobs.schedules.scheduler import Clock, Scheduler
from tests.redis_servers import binary_of, running
from tests.services import keep_running

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
_namespaces = itertools.count()


class FakeClock(Clock):
    """A clock that shows what a test set."""

    def __init__(self, now: datetime = NOON) -> None:
        self.time = now

    def now(self) -> datetime:
        return self.time

    def advance(self, **duration: float) -> None:
        """Move on by a timedelta's arguments."""
        self.time += timedelta(**duration)


class Killed(BaseException):
    """Stands for SIGKILL: nothing in the scheduler may catch it."""


class RecordingBroker(RedisBroker):
    """A stock RedisBroker that keeps in `sent` what was enqueued.

    It raises what is in `errors` first ("stored": it stores the message and loses the answer), and dies
    `before` or `after` the next message if `kill` says so.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.sent: list[Message[Any]] = []
        self.errors: list[Exception | str] = []
        self.kill = ""
        self.before_send: Callable[[], None] = lambda: None

    def enqueue(self, message: Message[Any], *, delay: int | None = None) -> Message[Any]:
        self.before_send()
        if self.errors:
            error = self.errors.pop(0)
            if isinstance(error, Exception):
                raise error
            self.sent.append(message)
            raise redis.ConnectionError("the answer was lost")
        kill, self.kill = self.kill, ""
        if kill == "before":
            raise Killed
        self.sent.append(message)
        if kill:
            raise Killed
        return message

    def slots(self, name: str | None = None) -> list[str]:
        """Return the slots of what was sent, as time of day in UTC."""
        return [
            datetime.fromisoformat(message.options["scheduled_at"]).astimezone(UTC).strftime("%H:%M:%S")
            for message in self.sent
            if name in (None, message.actor_name)
        ]


def run(broker: Any, message: Message[Any], error: Exception | None = None) -> bool:
    """Run a message as a worker does, without its actor's body; False if it was skipped."""
    proxy = MessageProxy(message)
    try:
        broker.emit_before("process_message", proxy)
    except SkipMessage:
        broker.emit_after("skip_message", proxy)
        broker.emit_after("ack", proxy)
        return False
    broker.emit_after("process_message", proxy, result=None, exception=error)
    broker.emit_after("nack" if proxy.failed else "ack", proxy)
    return True


def work(broker: RecordingBroker) -> None:
    """Run all that was sent, in its order."""
    for message in broker.sent:
        run(broker, message)


def begin(broker: Any, message: Message[Any]) -> Callable[[], None]:
    """Let a worker begin a message; return what ends it."""
    proxy = MessageProxy(message)
    broker.emit_before("process_message", proxy)

    def end() -> None:
        broker.emit_after("process_message", proxy, result=None)
        broker.emit_after("ack", proxy)

    return end


@pytest.fixture(scope="session")
def schedules_redis() -> Iterator[str]:
    """The URL of a Valkey started for these tests."""
    with running(binary_of("valkey")) as server:
        keep_running()
        yield server.url


@pytest.fixture
def redis_client(schedules_redis: str) -> Iterator[redis.Redis]:
    """A client; afterwards every key that schedules left must have an expiry."""
    client = redis.Redis.from_url(schedules_redis, decode_responses=True)
    client.flushall()
    yield client
    for key in client.keys("*{schedules}*"):
        assert client.pttl(key) > 0, f"{key!r} never expires"
    client.close()


@pytest.fixture
def clock() -> FakeClock:
    """Noon of a Monday, until moved."""
    return FakeClock()


@pytest.fixture
def make_broker(redis_client: redis.Redis, schedules_redis: str) -> Iterator[Callable[..., RecordingBroker]]:
    """Make brokers that share a namespace, as the processes of one deployment do.

    Positional: pairs of an actor's name and its schedule; keywords: options of the middleware.
    """
    namespace, made = f"test{next(_namespaces)}", []

    def make(*schedules: tuple[str, Schedule], **options: Any) -> RecordingBroker:
        middleware = [SchedulesMiddleware(**options), Retries(max_retries=1)]
        broker = RecordingBroker(url=schedules_redis, namespace=namespace, middleware=middleware)
        for name, schedule in schedules:
            dramatiq.actor(actor_name=name, broker=broker, periodic=schedule)(lambda: None)
        made.append(broker)
        return broker

    yield make
    for broker in made:
        broker.client.close()


@pytest.fixture
def make_scheduler(clock: FakeClock) -> Callable[..., Scheduler]:
    """Make schedulers on the fake clock, as `periodiq worker` does."""

    def make(broker: RecordingBroker, **options: Any) -> Scheduler:
        schedules = SchedulesMiddleware.of(broker)
        return schedules.scheduler(broker.actors.values(), **{"clock": clock, **options})

    return make
