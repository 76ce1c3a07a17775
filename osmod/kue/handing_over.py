"""Taking jobs over once, as operators ask for it: what waits, and what dead workers of Kue's left."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from dramatiq import Broker

from osmod.jobs.broker import JobBroker
from osmod.jobs.durations import in_words
from osmod.jobs.steering.audit import Asked, note_as
from osmod.kue.jobs import KueJob
from osmod.kue.keys import KueQueue
from osmod.kue.scripts import RESCUE
from osmod.kue.taking import Taker

#: Active jobs looked at by one script.
_STEP = 200
_NO_LIMIT = 2**53


class UnknownType(LookupError):
    """There is no actor for a type of Kue's, so that its jobs cannot run here."""


def drain(
    broker: JobBroker,
    kue: KueQueue,
    types: Sequence[str],
    *,
    by: str | None = None,
    reason: str = "",
    course: Callable[[int], None] = lambda count: None,
) -> int:
    """Take all jobs of these types that wait, and return how many. Kue is told of them by whoever runs the bridge.

    Parameters:
      by, reason: who asks for it, and why, for the audit log.
      course: is told how many were taken so far.

    Raises:
      UnknownType: there is no actor for one of them.
      JobNotQueued, ServerError, redis.RedisError, OSError: one of the two Redis is away; another run finishes
        what this one began.
    """
    check_types(broker, types)
    act = _Act("kue drain", broker, Asked(by, reason).head(f"what waits in Kue: {', '.join(types)}"), course)
    while Taker(broker, kue, types).recover(0.0):
        continue
    for kind in types:
        taker = Taker(broker, kue, [kind], most_open=_NO_LIMIT)
        while found := taker.take()[0]:
            act.done(kind, found)
    return act.count


def rescue(
    broker: JobBroker,
    kue: KueQueue,
    types: Sequence[str],
    *,
    silent: timedelta,
    by: str | None = None,
    reason: str = "",
    course: Callable[[int], None] = lambda count: None,
) -> int:
    """Take over jobs that are active for nobody, and return how many.

    Whether the process that began one is gone cannot be known from Kue's keys: what ran for longer than `silent`
    without a word (progress, a line of its log) is taken for abandoned. If it was not, it runs twice.

    Raises:
      UnknownType: there is no actor for one of the types.
      ValueError: `silent` is negative.
      JobNotQueued, ServerError, redis.RedisError, OSError: one of the two Redis is away; another run finishes
        what this one began.
    """
    check_types(broker, types)
    if silent < timedelta(0):
        raise ValueError(f"silent={silent!r}: expected 0 or more")
    said = f"silent in Kue for {in_words(silent)}: {', '.join(types)}"
    act = _Act("kue rescue", broker, Asked(by, reason).head(said), course)
    taker = Taker(broker, kue, types)
    for kind in types:
        place, looked = 0, 1
        while looked:
            millis = int(silent.total_seconds() * 1000)
            words = [taker.worker, kind, str(millis), str(place), str(_STEP)]
            answer: Any = RESCUE.run(kue.links, kue.base, [word.encode() for word in words])
            looked, *rows = answer
            # Those that were claimed stand among the active jobs as they did.
            place += looked
            taker.send(KueJob.from_row(row) for row in rows)
            act.done(kind, len(rows))
    return act.count


def check_types(broker: Broker, types: Sequence[str]) -> None:
    """Refuse types that cannot run here.

    Raises:
      UnknownType: there is no actor for one of them.
    """
    for kind in types:
        if kind not in broker.actors:
            known = ", ".join(sorted(broker.actors)) or "none"
            raise UnknownType(
                f"no actor is called {kind!r}, so jobs of that type cannot run here; there are: {known}"
            )


class _Act:
    """What an operator does, step by step; each is written down once it is done."""

    def __init__(
        self, name: str, broker: JobBroker, head: list[bytes], course: Callable[[int], None]
    ) -> None:
        self._name, self._broker, self._head, self._course = name, broker, head, course
        self.count = 0

    def done(self, kind: str, count: int) -> None:
        """So many jobs of a type were taken over."""
        if count:
            note_as(self._broker, self._head, self._name, self._broker.actors[kind].queue_name, count)
        self.count += count
        self._course(self.count)
