"""What a process logs of a Redis that does not work: once for all its threads, and when it is over."""

from __future__ import annotations

from collections.abc import Hashable

import redis

from osmod.jobs.errors import JobNotQueued, RedisUnusable
from osmod.jobs.wire.refusals import outage
from osmod.outages import Outage


class Complaints:
    """Every thread that meets a fault notes it here, and that it is over. See `osmod.outages.Outage`."""

    def __init__(self) -> None:
        self._outage = Outage("Redis")

    def heard(self, source: Hashable, error: Exception) -> bool:
        """Note an error if it is one of a Redis that does not work; False if it is another."""
        if isinstance(error, JobNotQueued) and isinstance(error.__cause__, Exception):
            error = error.__cause__  # It is about a job, of which there may be many.
        if not isinstance(error, (redis.RedisError, OSError)):
            return False
        self.note(source, error)
        return True

    def note(self, source: Hashable, error: Exception) -> None:
        """Say what is wrong and what to do. `source` is who met it."""
        sentence = outage(error)
        # A Redis that goes away is refused, reset and waited for in vain: all that is one outage.
        kind = sentence if isinstance(error, RedisUnusable) else sentence.replace(f" ({error})", "")
        self._outage.met(sentence, kind=kind, by=source)

    def over(self, source: Hashable) -> None:
        """Redis did what `source` asked for."""
        self._outage.over(source)
