"""A sign from one thread to another."""

from __future__ import annotations

import threading


class Bell:
    """Wakes the one thread that waits on it. A ring with nobody waiting is kept, once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lock.acquire()

    def ring(self) -> None:
        """Wake the waiting thread."""
        try:
            self._lock.release()
        except RuntimeError:
            return  # Rung already.

    def wait(self, seconds: float) -> bool:
        """Wait for a ring; False if none came."""
        return self._lock.acquire(timeout=max(0.0, seconds))
