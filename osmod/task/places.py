"""Places at publishers: one that is slow has a few of this process's threads, not all of them."""

from __future__ import annotations

import threading
from collections import Counter

#: Threads of a process that tell one publisher at the same time.
MOST = 2


class Place:
    """What one job holds: a place at each publisher that it tells, until it leaves."""

    _lock = threading.Lock()
    _taken: Counter[int] = Counter()
    _turned_away: set[int] = set()

    def __init__(self) -> None:
        self._owners: set[int] = set()

    def take(self, owner_id: int) -> bool:
        """Take a place, unless it is held already. False: there is none, and whoever leaves one is told of that."""
        with self._lock:
            if owner_id in self._owners:
                return True
            if self._taken[owner_id] >= MOST:
                self._turned_away.add(owner_id)
                return False
            self._taken[owner_id] += 1
            self._owners.add(owner_id)
            return True

    def leave(self) -> list[int]:
        """Give back all places. Returns the publishers from which others were turned away meanwhile."""
        with self._lock:
            self._taken.subtract(self._owners)
            missed = self._turned_away & self._owners
            self._turned_away.difference_update(missed)
            self._owners = set()
            return sorted(missed)

    @classmethod
    def more_wait(cls, owner_id: int) -> None:
        """Have whoever leaves a place next hear that others wait."""
        with cls._lock:
            cls._turned_away.add(owner_id)
