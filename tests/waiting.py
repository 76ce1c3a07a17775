"""Waiting for conditions, so that no test sleeps and hopes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from tests.found import seen, spelled

T = TypeVar("T")

#: Seconds between two looks: first, and at most; in between so much of the time waited already. To look is work, too.
FIRST, MOST, SHARE = 0.005, 0.05, 0.02
#: How many times as long as on a machine that has nothing else to do a condition is waited for, and anything may take.
SLACK = 10


def until(
    condition: Callable[[], T | None],
    seconds: float = 10.0,
    what: str | Callable[[], str] = "",
    *,
    every: float | None = None,
) -> T:
    """The first true value of `condition`. Fails when it is not there in time, and says what was there instead.

    Parameters:
      seconds: what it may take on a machine that has nothing else to do; it is waited for `SLACK` times as long.
      what: is awaited, in words; a function says it when it has not come.
      every: seconds between two looks; by default few at first, and more the longer it takes.
    """
    began = time.monotonic()
    while not (value := condition()):
        waited = time.monotonic() - began
        assert waited < seconds * SLACK, _missed(condition, waited, what, value)
        time.sleep(every or min(MOST, max(FIRST, waited * SHARE)))
    return value


def _missed(
    condition: Callable[[], object], waited: float, what: str | Callable[[], str], value: object
) -> str:
    wanted = (what() if callable(what) else what) or spelled(condition)
    return f"still not after {waited:.0f} seconds: {wanted}; {seen(condition, value)}"
