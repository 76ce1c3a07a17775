"""A pytest fixture for code that sends jobs. In your conftest.py: `pytest_plugins = ["osmod.jobs.pytest_plugin"]`.

::

    def test_accepting_tells_the_publisher(queued_jobs):
        accept_comments.send(comment_id=12)
        queued_jobs.drain()
        queued_jobs.assert_enqueued(notify_publisher, comment_id=12)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import dramatiq
import pytest
from dramatiq import Actor, Message
from dramatiq.brokers.stub import StubBroker
from dramatiq.middleware import AsyncIO, Callbacks, CurrentMessage, Pipelines, Retries

from osmod.jobs import testing


class QueuedJobs:
    """What stands in the queues of a test. `broker` is the stub broker that all actors belong to meanwhile."""

    def __init__(self, broker: StubBroker) -> None:
        self.broker = broker

    @property
    def messages(self) -> list[Message[Any]]:
        """The messages that wait or are delayed."""
        return testing.enqueued(self.broker)

    def assert_enqueued(self, actor: Actor[..., Any] | str, /, **arguments: Any) -> Message[Any]:
        """See `osmod.jobs.testing.assert_enqueued`."""
        return testing.assert_enqueued(actor, **arguments)

    def assert_not_enqueued(self, actor: Actor[..., Any] | str, /, **arguments: Any) -> None:
        """See `osmod.jobs.testing.assert_not_enqueued`."""
        testing.assert_not_enqueued(actor, **arguments)

    def drain(self, *, delayed: bool = False, raise_errors: bool = True) -> int:
        """See `osmod.jobs.testing.drain`."""
        return testing.drain(self.broker, delayed=delayed, raise_errors=raise_errors)


@pytest.fixture
def queued_jobs() -> Iterator[QueuedJobs]:
    """A stub broker in the place of the one that is set, for one test, with all of its actors."""
    real = dramatiq.get_broker()
    middleware = [Callbacks(), Pipelines(), Retries(), CurrentMessage(), AsyncIO()]
    stub = StubBroker(middleware=middleware)
    stub.actor_options |= real.actor_options
    actors: list[Any] = list(real.actors.values())
    for actor in actors:
        actor.broker = stub
        stub.declare_actor(actor)
        stub.declare_queue(actor.queue_name)
    dramatiq.set_broker(stub)
    try:
        yield QueuedJobs(stub)
    finally:
        dramatiq.set_broker(real)
        for actor in actors:
            actor.broker = real
        stub.close()
