"""What happens to jobs, as it happens: for whoever looks on."""

from __future__ import annotations

import json
import logging
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from itertools import chain
from typing import Any

import redis

from osmod.jobs.queue.presence import known_queues
from osmod.jobs.records.record import Progress
from osmod.jobs.wire.backoff import Backoff
from osmod.jobs.wire.link import passes
from osmod.jobs.wire.queues import Queues

_log = logging.getLogger(__name__)

#: Seconds for which the queues go on telling after a watcher fell silent, and between its signs of life.
WATCHED = 30
SIGN_OF_LIFE = 8.0
#: Milliseconds that Redis is asked to wait for an event, all queues together; shorter than any socket's timeout.
_BLOCK = 500


class JobEventKind(StrEnum):
    """What can happen to a job."""

    ENQUEUED = "enqueued"
    STARTED = "started"
    PROGRESS = "progress"
    RETRIED = "retried"
    FAILED = "failed"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class JobEvent:
    """Something that happened to a job. Of arguments it says nothing; read the job's record for them.

    `started` is when a worker took the job. `error` is the class of the error that failed it, `delay` the
    milliseconds until it is tried again. `entry` is its place among the events of its queue.
    """

    kind: JobEventKind
    job_id: str
    queue: str
    actor: str
    at: datetime
    progress: Progress | None = None
    error: str | None = None
    delay: int | None = None
    entry: str = ""

    def as_dict(self) -> dict[str, Any]:
        """The event in values that JSON has."""
        return {
            "event": self.kind.value,
            "job": self.job_id,
            "queue": self.queue,
            "actor": self.actor,
            "at": self.at.isoformat(timespec="milliseconds"),
            "progress": vars(self.progress) if self.progress else None,
            "error": self.error,
            "delay": self.delay,
        }


def events(
    broker: Queues, queues: Sequence[str] | None = None, *, seconds: float | None = None
) -> Iterator[JobEvent]:
    """The events of these queues, or of all, from now on; those of each queue in their order.

    The queues tell only while somebody watches, so that nobody pays for what nobody reads: the last 10,000
    events of a queue, within an hour, wait for a watcher that lags. While Redis is away, it is waited for.

    Parameters:
      queues: which; queues that come into being later join in if this is left out.
      seconds: end after so long; by default never.
    """
    watch = Watch(broker, queues)
    watch.begin()
    deadline = math.inf if seconds is None else time.monotonic() + seconds
    return chain.from_iterable(watch.follow(lambda: deadline - time.monotonic()))


def told_between(broker: Queues, queue: str, after: str, upto: str, count: int) -> list[JobEvent]:
    """So many events of a queue that stand after one entry, up to another; of those that are still kept."""
    stream = broker.key_base(queue).decode() + "events"
    answer: Any = broker.client.xread({stream: after}, count=count)
    found = [pair for _, pairs in (answer.items() if isinstance(answer, dict) else answer) for pair in pairs]
    last = place(upto)
    return [_event(queue, entry, fields) for entry, fields in found if place(entry.decode()) <= last]


def place(entry: str) -> tuple[int, int]:
    """An entry in a form that can be compared."""
    millis, _, number = entry.partition("-")
    return int(millis), int(number)


class Watch:
    """Somebody who looks on, on these queues or on all.

    Attributes:
      reached: for each queue, the entry of the last event that was read.
    """

    def __init__(self, broker: Queues, queues: Sequence[str] | None = None) -> None:
        self._broker = broker
        self._chosen = queues
        self.reached: dict[str, str] = {}
        self._next_sign = 0.0

    def begin(self) -> None:
        """Have the queues tell; those that are new here, from now on."""
        self._next_sign = time.monotonic() + SIGN_OF_LIFE
        for queue in self._chosen or known_queues(self._broker):
            base = self._broker.key_base(queue).decode()
            if queue not in self.reached:
                newest: Any = self._broker.client.xrevrange(base + "events", count=1)
                self.reached[queue] = newest[0][0].decode() if newest else "0-0"
            self._broker.client.set(base + "watched", 1, ex=WATCHED)

    def follow(self, left: Callable[[], float]) -> Iterator[list[JobEvent]]:
        """What happens, some events at a time, perhaps none. While Redis is away, it is waited for.

        Parameters:
          left: for how many seconds to go on; asked again and again.
        """
        backoff = Backoff()
        while (seconds := left()) > 0:
            try:
                if time.monotonic() >= self._next_sign:
                    self.begin()
                found = self._read(seconds)
            except (redis.RedisError, OSError) as error:
                if not passes(error):
                    raise
                _log.warning("Redis is away (%s); going on when it is back.", error)
                time.sleep(backoff.next())
                continue
            backoff.reset()
            yield found

    def _read(self, seconds: float) -> list[JobEvent]:
        wait = max(1, int(min(_BLOCK, seconds * 1000)))
        if not self.reached:
            time.sleep(wait / 1000)
            return []
        groups = [list(self.reached)]
        if self._broker.links.route.apart:
            groups = [[queue] for queue in self.reached]
        found: list[JobEvent] = []
        for group in groups:
            found += self._read_group(group, max(1, wait // len(groups)))
        return sorted(found, key=lambda event: event.at)

    def _read_group(self, group: Sequence[str], wait: int) -> list[JobEvent]:
        """What came to queues of one server, waited for so many milliseconds."""
        queues = {self._stream(queue).encode(): queue for queue in group}
        streams: dict[Any, Any] = {stream: self.reached[queue] for stream, queue in queues.items()}
        answer: Any = self._broker.client.xread(streams, count=500, block=wait)
        found = []
        for stream, entries in answer.items() if isinstance(answer, dict) else answer:
            queue = queues[stream]
            for entry, fields in entries:
                self.reached[queue] = entry.decode()
                found.append(_event(queue, entry, fields))
        return found

    def _stream(self, queue: str) -> str:
        return self._broker.key_base(queue).decode() + "events"


def _event(queue: str, entry: bytes, fields: dict[bytes, bytes]) -> JobEvent:
    row = {name.decode(): value.decode("utf-8", "replace") for name, value in fields.items()}
    return JobEvent(
        kind=JobEventKind(row["event"]),
        job_id=row["job"],
        queue=queue,
        actor=row["actor"],
        at=datetime.fromtimestamp(int(entry.partition(b"-")[0]) / 1000, UTC),
        progress=Progress(*json.loads(row["progress"])) if "progress" in row else None,
        error=row.get("error"),
        delay=int(row["delay"]) if "delay" in row else None,
        entry=entry.decode(),
    )
