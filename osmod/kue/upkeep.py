"""What Kue's own processes do for its queue now and then, and what they do not do."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from osmod.kue.keys import KueQueue
from osmod.kue.scripts import MEND, PROMOTE, RING, STRAYS

#: Jobs promoted, and looked at for strays, by one script.
STEP = 200
#: Seconds for which a job must have been astray. Between taking it out of one set and out of the other a process of
#: Kue's may be busy with something else, and is to finish.
ASTRAY = 15.0


def promote(kue: KueQueue) -> int:
    """Have delayed jobs wait that are due. Returns how many.

    Raises:
      ServerError, redis.RedisError, OSError: Kue's Redis is away.
    """
    total = 0
    while found := _count(PROMOTE.run(kue.links, kue.base, [b"%d" % STEP])):
        total += found
        if found < STEP:
            break
    return total


def ring(kue: KueQueue, types: Sequence[str]) -> None:
    """Wake as many workers of Kue's as there are jobs of these types.

    Raises:
      ServerError, redis.RedisError, OSError: Kue's Redis is away.
    """
    RING.run(kue.links, kue.base, [kind.encode() for kind in types])


class Strays:
    """Finds jobs that wait for nobody: a worker of Kue's took them out of one set and died before the other.

    Parameters:
      kue: the queue.
      seconds: for how long a job must have been seen so.
    """

    def __init__(self, kue: KueQueue, seconds: float = ASTRAY) -> None:
        self._kue = kue
        self._seconds = seconds
        self._place = 0
        #: Since when each was seen, and those seen in the walk that goes on.
        self._since: dict[bytes, float] = {}
        self._seen: set[bytes] = set()

    def step(self, types: Sequence[str]) -> int:
        """Look at some of the waiting jobs, and put back what has been astray for long. Returns how many.

        Raises:
          ServerError, redis.RedisError, OSError: Kue's Redis is away.
        """
        words = [b"%d" % self._place, b"%d" % STEP, *(kind.encode() for kind in types)]
        answer: Any = STRAYS.run(self._kue.links, self._kue.base, words)
        looked, *members = answer
        now = time.monotonic()
        self._seen.update(members)
        overdue = [one for one in members if now - self._since.setdefault(one, now) >= self._seconds]
        self._place += looked
        if looked < STEP:
            self._since = {one: since for one, since in self._since.items() if one in self._seen}
            self._place, self._seen = 0, set()
        if not overdue:
            return 0
        for one in overdue:
            self._since.pop(one, None)
        return _count(MEND.run(self._kue.links, self._kue.base, overdue))


def _count(answer: Any) -> int:
    return int(answer)
