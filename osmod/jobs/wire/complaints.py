"""What a process logs of a Redis that does not work: once for all its threads, and when it is over."""

from __future__ import annotations

from collections.abc import Hashable

from osmod.jobs.errors import RedisUnusable
from osmod.jobs.wire.refusals import outage
from osmod.outages import Outage


class Complaints:
    """Every thread that meets a fault notes it here, and that it is over. See `osmod.outages.Outage`."""

    def __init__(self) -> None:
        self._outage = Outage("Redis")

    def note(self, source: Hashable, error: Exception) -> None:
        """Say what is wrong and what to do. `source` is who met it."""
        sentence = outage(error)
        # A Redis that goes away is refused, reset and waited for in vain: all that is one outage.
        kind = sentence if isinstance(error, RedisUnusable) else sentence.replace(f" ({error})", "")
        self._outage.met(sentence, kind=kind, by=source)

    def over(self, source: Hashable) -> None:
        """Redis did what `source` asked for."""
        self._outage.over(source)
