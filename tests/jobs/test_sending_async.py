"""Sending from asyncio: the event loop goes on while Redis is waited for."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import dramatiq
import pytest
from dramatiq import Message
from dramatiq.brokers.stub import StubBroker

from osmod.jobs import JobActor, enqueue_async
from osmod.jobs.errors import JobNotQueued, UnknownOption

SECONDS = 120
Send = Callable[[Any], Awaitable[Any]]
WAYS: list[Any] = [
    pytest.param(lambda actor: actor.send_async(12), id="send_async"),
    pytest.param(lambda actor: actor.send_with_options_async(args=(12,)), id="send_with_options_async"),
    pytest.param(lambda actor: enqueue_async(actor, comment_id=12), id="enqueue_async"),
]


class SlowBroker(StubBroker):
    """Queues nothing until it is told to go on."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.go_on = threading.Event(), threading.Event()
        self.error: Exception | None = None

    def enqueue(self, message: Message[Any], *, delay: int | None = None) -> Message[Any]:
        """Wait, then do."""
        self.asked.set()
        assert self.go_on.wait(SECONDS), "the event loop stands still"
        if self.error:
            raise self.error
        return super().enqueue(message, delay=delay)


@pytest.fixture
def broker() -> SlowBroker:
    """One of the test's own."""
    return SlowBroker()


@pytest.fixture
def actor(broker: SlowBroker) -> JobActor[..., None]:
    """An actor on it."""

    @dramatiq.actor(actor_class=JobActor, broker=broker)
    def accept(comment_id: int) -> None:
        """Nothing."""

    assert isinstance(accept, JobActor)
    return accept


@pytest.mark.parametrize("send", WAYS)
def test_the_loop_goes_on(broker: SlowBroker, actor: JobActor[..., None], send: Send) -> None:
    """The broker goes on only once the loop, which is waiting for it, has run something else."""

    async def main() -> None:
        sending = asyncio.ensure_future(send(actor))
        await asyncio.to_thread(broker.asked.wait, SECONDS)
        assert not sending.done()
        broker.go_on.set()
        await sending

    asyncio.run(main())
    assert 1 == broker.queues["default"].qsize()


@pytest.mark.parametrize("send", WAYS)
def test_the_same_errors(broker: SlowBroker, actor: JobActor[..., None], send: Send) -> None:
    """What sending raises, the awaiting side gets."""
    broker.go_on.set()
    broker.error = JobNotQueued("Redis does not answer")
    with pytest.raises(JobNotQueued, match="does not answer"):
        asyncio.run(send(actor))  # type: ignore[arg-type]


def test_a_misspelt_option(actor: JobActor[..., None]) -> None:
    """Refused as by `enqueue`."""
    with pytest.raises(UnknownOption, match="prioritty"):
        asyncio.run(enqueue_async(actor, comment_id=12, prioritty="high"))


def test_ours_can() -> None:
    """Every actor that server code gets."""
    import actors

    assert [] == [name for name in actors.__all__ if not isinstance(getattr(actors, name), JobActor)]
