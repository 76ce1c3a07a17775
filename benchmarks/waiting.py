"""Waiting until so much is done."""

from __future__ import annotations

import time
from collections.abc import Callable

#: Seconds between two looks.
LOOK = 0.1


def until(count: Callable[[], int], wanted: int, what: str, patience: float) -> int:
    """How many are done, once that is as many as are wanted, or more.

    Parameters:
      what: says of those that are left what they are not, as in "jobs are not done".
      patience: seconds; then the benchmark ends.
    """
    end = time.monotonic() + patience
    while (done := count()) < wanted:
        if time.monotonic() > end:
            raise SystemExit(f"{wanted - done} {what} after {patience:.0f} s")
        time.sleep(LOOK)
    return done
