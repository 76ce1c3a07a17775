"""What a process logs of something that its jobs need and that is away: once when it goes, once when it is back."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Hashable

_log = logging.getLogger(__name__)

#: Seconds after which the same is said again of what comes and goes.
SAY_AGAIN = 10.0


class Outage:
    """Every thread that misses something notes it here, and that it has it again.

    However many threads meet an outage, it makes two lines: one with the reason and the remedy, one with how long
    it took. It is over when all who noted that they met it have noted that it is over.

    Parameters:
      what: its name, as in "Redis" or "scorer 7".
    """

    def __init__(self, what: str) -> None:
        self._what = what
        self._lock = threading.Lock()
        self._met: set[Hashable] = set()
        self._since = 0.0
        self._said: set[str] = set()
        self._silent_until: dict[str, float] = {}

    def met(self, sentence: str, *, kind: str = "", by: Hashable = None) -> None:
        """Note that it is away.

        Parameters:
          sentence: what is wrong and what to do.
          kind: each kind is said once in an outage.
          by: who met it.
        """
        now = time.monotonic()
        with self._lock:
            if not self._met:
                self._since = now
            self._met.add(by)
            if kind in self._said or now < self._silent_until.get(kind, 0.0):
                return
            self._said.add(kind)
            self._silent_until[kind] = now + SAY_AGAIN
        _log.warning("%s away: %s; trying until it works.", self._name(), sentence)

    def over(self, by: Hashable = None) -> None:
        """Note that it did what was asked of it. Costs next to nothing where it was not away."""
        if by not in self._met:
            return
        with self._lock:
            self._met.discard(by)
            if self._met or not self._said:
                return
            self._said.clear()
            seconds = time.monotonic() - self._since
        # As loud as the other line, so that whoever reads one reads both.
        _log.warning("%s back after %.1f s.", self._name(), seconds)

    def _name(self) -> str:
        return self._what[:1].upper() + self._what[1:]
