"""A worker's threads that have no job."""

from __future__ import annotations

import threading
from typing import Any


class Idle:
    """Who sleeps, and who was woken. Whoever uses it sees to it that one thread does at a time, asleep or not.

    Attributes:
      coming: how many were woken that are not up. A thread is only once it gets Python's lock.
    """

    def __init__(self) -> None:
        self._asleep: list[Any] = []
        self._gates: dict[int, Any] = {}
        self.coming = 0

    def __len__(self) -> int:
        return len(self._asleep)

    def lie_down(self) -> Any:
        """The calling thread is about to sleep: until the lock that it gets is free, at most."""
        thread = threading.get_ident()
        gate = self._gates.get(thread)
        if gate is None:
            gate = self._gates[thread] = threading.Lock()
            gate.acquire()
        self._asleep.append(gate)
        return gate

    def get_up(self, gate: Any, woken: bool) -> None:
        """The calling thread has slept, and got the lock if it was woken."""
        if not woken and gate in self._asleep:
            self._asleep.remove(gate)
            return
        if not woken:
            gate.acquire()  # which was freed just now
        self.coming -= 1

    def wake_one(self) -> None:
        """Wake one of those that sleep; there is one."""
        self.coming += 1
        self._asleep.pop().release()
