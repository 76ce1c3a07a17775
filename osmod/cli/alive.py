"""`osmod check --alive`: whether this host's worker or scheduler gave a sign of life lately.

Asked every few seconds, so it loads the queue and nothing else.
"""

from __future__ import annotations

import socket
from datetime import UTC, datetime

from osmod.jobs.broker import JobBroker
from osmod.jobs.queue import presence
from osmod.jobs.schedules.middleware import SchedulesMiddleware
from osmod.jobs.schedules.store import GONE_AFTER


class NotAlive(Exception):
    """Nothing was heard for too long; the message says of whom and for how long."""


def sign_of_life(program: str, redis_url: str) -> str:
    """A sentence on the worker or the scheduler of this host: when it gave its last sign of life.

    Raises:
      NotAlive: it gave no sign of life lately.
      ValueError, redis.RedisError, OSError: nobody could be asked.
    """
    broker = JobBroker(url=redis_url, middleware=[])
    try:
        return _worker(broker) if program == "worker" else _scheduler(broker)
    finally:
        broker.close()


def _worker(broker: JobBroker) -> str:
    host = socket.gethostname()
    here = [one for one in presence.workers(broker) if one.host == host]
    if not here:
        raise NotAlive(
            f"no worker on {host} has given a sign of life in the last {presence.GONE_AFTER:.0f} s"
        )
    processes = "1 worker process" if len(here) == 1 else f"{len(here)} worker processes"
    return (
        f"{processes} on {host} {'is' if len(here) == 1 else 'are'} alive, "
        f"the last sign of life {min(one.seen for one in here):.0f} s ago"
    )


def _scheduler(broker: JobBroker) -> str:
    host = socket.gethostname()
    seen = SchedulesMiddleware().store(broker).last_sign_of_life()
    if seen is None:
        limit = GONE_AFTER.total_seconds()
        raise NotAlive(f"no scheduler on {host} has given a sign of life in the last {limit:.0f} s")
    ago = (datetime.now(UTC) - seen).total_seconds()
    return f"the scheduler on {host} is alive, its last sign of life {ago:.0f} s ago"
