"""Something that a process needs is away: that is said once when it goes and once when it is back, and one waits."""

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


class Lookout:
    """While something is known to be away one thread at a time waits for it; the others need not.

    So that not every thread of a process waits out the same silence, one after another. Nobody is held off by what
    is long over: whoever comes when nobody waits, tries.
    """

    def __init__(self) -> None:
        self._away = ""
        self._waited_until = 0.0

    def taken(self, seconds: float) -> str:
        """Why not to wait, as somebody does already; empty if the caller is to try, for so many seconds."""
        if self._away:
            now = time.monotonic()
            if now < self._waited_until:
                return self._away
            self._waited_until = now + seconds
        return ""

    def in_vain(self, sentence: str) -> None:
        """Note that the caller gave up, and why: it is away."""
        self._away, self._waited_until = sentence, 0.0

    def in_sight(self) -> None:
        """Note that it answered."""
        self._away = ""
