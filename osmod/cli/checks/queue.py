"""The queue as the checks ask it: on the Redis of the settings, whatever broker this process has."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import dramatiq

from osmod.jobs.broker import JobBroker
from osmod.jobs.queue.presence import known_queues
from osmod.jobs.records.overview import QueueOverview, queue_overview
from osmod.settings import Settings

#: What is counted, as one and as many.
WAIT = ("job waits", "jobs wait")


def loaded_actors() -> dict[str, dramatiq.Actor[..., Any]]:
    """The project's actors, by name; none if they could not be loaded, which is said under `actors`."""
    package = sys.modules.get("actors")
    found: list[dramatiq.Actor[..., Any]] = [
        getattr(package, name) for name in getattr(package, "__all__", ())
    ]
    return {actor.actor_name: actor for actor in found}


class Overviews:
    """How each queue is doing, asked by whichever area needs it first, and once for all of them."""

    def __init__(self) -> None:
        self._found: list[QueueOverview] | None = None

    def of(self, broker: JobBroker) -> list[QueueOverview]:
        """The queues, by name."""
        if self._found is None:
            self._found = [queue_overview(broker, name) for name in known_queues(broker)]
        return self._found


@contextmanager
def open_queue(settings: Settings) -> Iterator[JobBroker]:
    """A broker that knows the queues of the actors that are loaded, and leaves no connection open."""
    broker = JobBroker(url=settings.redis_url, middleware=[])
    try:
        for actor in loaded_actors().values():
            broker.declare_queue(actor.queue_name)
        yield broker
    finally:
        broker.close()
