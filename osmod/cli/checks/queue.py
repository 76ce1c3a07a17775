"""The queue as the checks ask it: on the Redis of the settings, whatever broker this process has."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import dramatiq
import redis

from osmod.jobs.broker import JobBroker
from osmod.settings import Settings

#: What a Redis raises that cannot be asked. It is said under `redis`.
UNUSABLE = (redis.RedisError, OSError, ValueError)
#: What is counted, as one and as many.
WAIT = ("job waits", "jobs wait")


@contextmanager
def open_queue(settings: Settings) -> Iterator[JobBroker]:
    """A broker that knows the queues of the actors that are loaded, and leaves no connection open."""
    broker = JobBroker(url=settings.redis_url, middleware=[])
    try:
        for name in dramatiq.get_broker().get_declared_queues():
            broker.declare_queue(name)
        yield broker
    finally:
        broker.close()
