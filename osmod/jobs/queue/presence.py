"""Which worker processes live, and which queues there are."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from osmod.jobs.queue.scripts import PRESENT, WORKERS
from osmod.jobs.wire.queues import Queues

#: Seconds between the signs of life of a worker, and after how many without one it is taken to be gone.
SIGN_OF_LIFE = 5.0
GONE_AFTER = 16.0
#: What stands in the place of a queue's name in the keys of all worker processes.
WORKERS_NAME = "workers"


@dataclass(frozen=True)
class WorkerRecord:
    """A worker process. `running` counts the jobs in its threads, `seen` is in seconds ago."""

    host: str
    process: int
    threads: int
    running: int
    queues: tuple[str, ...]
    since: datetime
    seen: float


def known_queues(broker: Queues) -> list[str]:
    """Every queue that this process declares, or that a worker has served in the last 90 days, by name."""
    served: Any = broker.client.zrange((_base(broker) + b"queues").decode(), 0, -1)
    return sorted({*broker.get_declared_queues(), *(name.decode() for name in served)})


def workers(broker: Queues) -> list[WorkerRecord]:
    """The worker processes that live, by host and process."""
    answer = WORKERS.run(broker.links, _base(broker), [b"%d" % (GONE_AFTER * 1000)])
    found = []
    for name, silent, said in zip(answer[::3], answer[1::3], answer[2::3], strict=True):
        host, _, process = name.decode().rpartition(":")
        says = json.loads(said)
        since = datetime.fromtimestamp(says["since"], UTC)
        found.append(
            WorkerRecord(
                host,
                int(process),
                says["threads"],
                says["running"],
                tuple(says["queues"]),
                since,
                silent / 1000,
            )
        )
    return sorted(found, key=lambda one: (one.host, one.process))


def give_sign_of_life(
    broker: Queues, *, threads: int, running: int, queues: Iterable[str], since: float
) -> None:
    """Say that this process lives, what it serves and how busy it is. `since` is in seconds of the epoch."""
    queues = sorted(queues)
    said = json.dumps({"threads": threads, "running": running, "queues": queues, "since": since})
    arguments = [_own_name(), said.encode(), *(name.encode() for name in queues)]
    PRESENT.run(broker.links, _base(broker), arguments)


def take_leave(broker: Queues) -> None:
    """Say that this process stops."""
    PRESENT.run(broker.links, _base(broker), [_own_name(), b""])


def _own_name() -> bytes:
    return f"{socket.gethostname()}:{os.getpid()}".encode()


def _base(broker: Queues) -> bytes:
    # Braces, so that a Redis Cluster keeps both keys in one place.
    return broker.key_base(WORKERS_NAME)
