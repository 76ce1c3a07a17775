"""How long to wait before asking Redis again."""

from __future__ import annotations

import random


class Backoff:
    """Waits that double, with jitter, up to a bound: so that a server coming back is not run over.

    Parameters:
      first: seconds before the second try.
      most: seconds that no wait exceeds.
    """

    def __init__(self, first: float = 0.05, most: float = 1.0) -> None:
        self._first = first
        self._most = most
        self._wait = first

    def next(self) -> float:
        """Seconds to wait before the next try."""
        wait, self._wait = self._wait, min(self._most, self._wait * 2)
        return wait * random.uniform(0.5, 1.0)

    def reset(self) -> None:
        """Something worked: begin anew."""
        self._wait = self._first
