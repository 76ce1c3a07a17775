"""Which worker processes live, and which queues there are."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from importlib import metadata
from typing import Any

import psutil

from osmod.jobs.messages.bounds import WORKERS_NAME
from osmod.jobs.queue.scripts import PRESENT, WORKERS
from osmod.jobs.wire.queues import Queues

#: Seconds between the signs of life of a worker, and after how many without one it is taken to be gone.
SIGN_OF_LIFE = 5.0
GONE_AFTER = 16.0

#: The version that this process runs.
try:
    _VERSION = metadata.version("osmod-worker")
except metadata.PackageNotFoundError:  # Run from its source.
    _VERSION = ""


class Request(StrEnum):
    """What an operator asked of a worker process; the answer to its next sign of life tells it."""

    #: Finish what runs, and begin nothing more until told otherwise.
    QUIET = "quiet"
    #: Finish what runs, within the time that is set for it, and end.
    STOP = "stop"


@dataclass(frozen=True)
class WorkerRecord:
    """A worker process.

    Attributes:
      running: jobs in its threads.
      coroutines: jobs that run beside them, without a thread each.
      seen: seconds since its last sign of life.
      memory: bytes that it holds (resident set).
      quiet: whether it begins no more jobs.
      asked: what it was asked to do, perhaps not heard yet.
    """

    host: str
    process: int
    threads: int
    running: int
    queues: tuple[str, ...]
    since: datetime
    seen: float
    version: str = ""
    memory: int = 0
    quiet: bool = False
    asked: Request | None = None
    coroutines: int = 0

    @property
    def name(self) -> str:
        """`host:process`."""
        return f"{self.host}:{self.process}"

    @property
    def busy(self) -> str:
        """How many of its threads run a job, and how many coroutines do: `3/8`, or `3/8 +500`."""
        return f"{self.running}/{self.threads}" + (f" +{self.coroutines}" if self.coroutines else "")

    @property
    def condition(self) -> str:
        """What it does, and what it was asked to do, in a word or two."""
        if self.asked is Request.STOP:
            return "stopping"
        if self.quiet:
            return "quiet" if self.asked else "going on"
        return "falling quiet" if self.asked else "works"

    def as_dict(self) -> dict[str, Any]:
        """The process in values that JSON has: moments in ISO 8601, `seen` in seconds, `memory` in bytes."""
        return {"worker": self.name, **vars(self), "since": self.since.isoformat(timespec="milliseconds")}


def known_queues(broker: Queues) -> list[str]:
    """Every queue that this process declares, or that had a sender or a worker in the last 90 days, by name."""
    known: Any = broker.client.zrange((_base(broker) + b"queues").decode(), 0, -1)
    return sorted({*broker.get_declared_queues(), *(name.decode() for name in known)})


def workers(broker: Queues) -> list[WorkerRecord]:
    """The worker processes that live, by host and process."""
    answer = WORKERS.run(broker.links, _base(broker), [b"%d" % (GONE_AFTER * 1000)])
    rows = zip(answer[::4], answer[1::4], answer[2::4], answer[3::4], strict=True)
    found = [
        _record(name.decode(), silent, json.loads(said), asked.decode()) for name, silent, said, asked in rows
    ]
    return sorted(found, key=lambda one: (one.host, one.process))


def _record(name: str, silent: int, says: dict[str, Any], asked: str) -> WorkerRecord:
    host, _, process = name.rpartition(":")
    return WorkerRecord(
        host=host,
        process=int(process),
        threads=says["threads"],
        running=says["running"],
        queues=tuple(says["queues"]),
        since=datetime.fromtimestamp(says["since"], UTC),
        seen=silent / 1000,
        # Older versions do not say these.
        version=says.get("version", ""),
        memory=says.get("memory", 0),
        coroutines=says.get("coroutines", 0),
        quiet=says.get("quiet", False),
        asked=Request(asked) if asked else None,
    )


def give_sign_of_life(
    broker: Queues,
    *,
    threads: int,
    running: int,
    queues: Iterable[str],
    since: float,
    quiet: bool = False,
    coroutines: int = 0,
    first: bool = False,
) -> Request | None:
    """Say that this process lives, what it serves and how busy it is. Returns what is asked of it.

    Parameters:
      since: when it began to work, in seconds of the epoch.
      first: whether it begins; what was asked of an earlier process of its number is forgotten then.
    """
    queues = sorted(queues)
    says = {"threads": threads, "running": running, "queues": queues, "since": since, "quiet": quiet}
    says |= {"coroutines": coroutines, "version": _VERSION, "memory": psutil.Process().memory_info().rss}
    arguments = [_own_name(), json.dumps(says).encode(), b"1" if first else b""]
    asked = PRESENT.run(broker.links, _base(broker), [*arguments, *(name.encode() for name in queues)])
    return Request(asked.decode()) if asked else None


def take_leave(broker: Queues) -> None:
    """Say that this process stops."""
    PRESENT.run(broker.links, _base(broker), [_own_name(), b"", b"1"])


def _own_name() -> bytes:
    return f"{socket.gethostname()}:{os.getpid()}".encode()


def _base(broker: Queues) -> bytes:
    # Braces, so that a Redis Cluster keeps both keys in one place.
    return broker.key_base(WORKERS_NAME)
