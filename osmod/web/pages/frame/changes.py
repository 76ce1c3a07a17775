"""What has changed since the last look. A look costs some questions to Redis, however much there is to see.

The events of jobs would tell as much, but each would be written by the worker and read by every server: at thousands
of jobs a second that is much, and a page is shown anew once a second at most.
"""

from __future__ import annotations

import time
from typing import Any

import dramatiq
import redis
from dramatiq.errors import BrokerConnectionError

from osmod.jobs.broker import JobBroker
from osmod.jobs.queue.presence import known_queues, workers
from osmod.jobs.records.overview import queue_overview
from osmod.web.pages.frame.topics import Topic

#: Seconds after which everything is told of, as ages change, and what no look sees.
TICK = 5.0
#: What jobs change when they move.
_MOVED_BY_JOBS = frozenset({Topic.JOBS, Topic.QUEUES, Topic.COMMENTS})


class Changes:
    """Looks at the queues, and compares with the last time. Used by one thread at a time."""

    def __init__(self) -> None:
        self._seen: dict[str, Any] = {}
        self._ticked = float("-inf")

    def look(self) -> frozenset[Topic]:
        """What has changed. Where Redis is away, whether it still is."""
        try:
            seen = _seen()
        except (redis.RedisError, BrokerConnectionError, OSError):
            seen = {}
        before, self._seen = self._seen, seen
        if time.monotonic() - self._ticked >= TICK or seen.keys() != before.keys():
            self._ticked = time.monotonic()
            return frozenset(Topic)
        changed: frozenset[Topic] = frozenset()
        if seen.get("queues") != before.get("queues"):
            changed |= _MOVED_BY_JOBS
        if seen.get("workers") != before.get("workers"):
            changed |= {Topic.WORKERS}
        return changed


def _seen() -> dict[str, Any]:
    """Whatever is other when something has changed."""
    broker = dramatiq.get_broker()
    if not isinstance(broker, JobBroker):
        return {"no queue": True}
    queues = [queue_overview(broker, name) for name in known_queues(broker)]
    alive = workers(broker)
    return {
        "queues": [(one.name, one.sizes, one.counters, one.paused) for one in queues],
        "workers": [(one.name, one.running, one.coroutines, one.quiet, one.asked) for one in alive],
    }
