"""Waiting for conditions, so that no test sleeps and hopes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def until(
    condition: Callable[[], T | None], seconds: float = 10.0, what: str = "", *, every: float = 0.005
) -> T:
    """The first true value of `condition`, asked `every` so many seconds. Fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"still not after {seconds} seconds: {what or condition}"
        time.sleep(every)
    return value
