"""What a process logs of a Redis that does not work: once for all its threads, and when it is over."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Hashable

from osmod.jobs.wire.refusals import outage

_log = logging.getLogger(__name__)

#: Seconds after which the same is said again.
SAY_AGAIN = 10.0


class Complaints:
    """Every thread that meets a fault notes it here, and that it is over. Each sentence is logged every ten seconds.

    It is over when all that met a fault have seen Redis work again.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._met: set[Hashable] = set()
        self._silent_until: dict[str, float] = {}

    def note(self, source: Hashable, error: Exception) -> None:
        """Say what is wrong and what to do. `source` is who met it."""
        sentence = outage(error)
        now = time.monotonic()
        with self._lock:
            self._met.add(source)
            if now < self._silent_until.get(sentence, 0.0):
                return
            self._silent_until[sentence] = now + SAY_AGAIN
        _log.warning("%s; trying until it works.", sentence[:1].upper() + sentence[1:])

    def over(self, source: Hashable) -> None:
        """Redis did what `source` asked for."""
        if source not in self._met:
            return
        with self._lock:
            self._met.discard(source)
            if self._met:
                return
            self._silent_until.clear()
        _log.info("Redis answers again.")
