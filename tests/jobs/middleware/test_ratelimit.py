"""A rate limit holds over processes."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import dramatiq
import pytest
from dramatiq import RateLimitExceeded

from osmod.jobs.broker import JobBroker
from osmod.jobs.errors import InvalidOption
from osmod.jobs.middleware.ratelimit import RateLimit, parse_rate
from tests.jobs.conftest import working

#: When a pass was asked for and when it was there, by `time.monotonic`: Redis counted it in between.
Pass = tuple[float, float]
#: Seconds by which Redis's whole milliseconds may differ from these.
ROUNDED = 0.002


@pytest.fixture
def passes(monkeypatch: pytest.MonkeyPatch) -> list[Pass]:
    """Those of all limits of this process, as they come."""
    noted: list[Pass] = []
    wait = RateLimit.wait

    def noting(limit: RateLimit) -> int:
        asked = time.monotonic()
        told = wait(limit)
        if not told:
            noted.append((asked, time.monotonic()))
        return told

    monkeypatch.setattr(RateLimit, "wait", noting)
    return noted


def _most_within(passes: list[Pass], seconds: float) -> int:
    """How many passes were certainly counted within so many seconds."""
    return max(
        sum(start <= asked and there < start + seconds for asked, there in passes) for start, _ in passes
    )


def test_no_window_holds_more_passes_than_the_limit(
    make_broker: Callable[..., JobBroker], passes: list[Pass]
) -> None:
    """Four askers at once, over several windows: never more than five in any 200 ms, and all the time some."""
    limits = [RateLimit(make_broker(), "api", limit=5, per=200) for _ in range(4)]

    def ask(limit: RateLimit) -> None:
        while len(passes) < 25:
            limit.wait()

    with ThreadPoolExecutor(4) as askers:
        list(askers.map(ask, limits))

    assert _most_within(passes, 0.2 - ROUNDED) <= 5
    assert 0.8 - ROUNDED <= passes[-1][1] - passes[0][0]


def test_a_limited_actor_keeps_its_rate(broker: JobBroker, passes: list[Pass]) -> None:
    """Jobs over the rate wait in Redis, all of them run, and none is counted as a failure."""
    ran: list[int] = []
    limited = dramatiq.actor(actor_name="limited", rate_limit="5/second", attempts=1)(ran.append)
    for number in range(12):
        limited.send(number)
    with working(broker):
        broker.join("default", timeout=120_000)

    assert list(range(12)) == sorted(ran)
    assert 12 == len(passes)
    assert _most_within(passes, 1 - ROUNDED) <= 5


def test_acquire_raises_when_the_limit_is_reached(broker: JobBroker) -> None:
    """Used as a context manager it is like Dramatiq's limiters."""
    limit = RateLimit(broker, "one", limit=1, per=60_000)
    with limit.acquire() as passed:
        assert passed
    with pytest.raises(RateLimitExceeded), limit.acquire():
        pass
    with limit.acquire(raise_on_failure=False) as passed:
        assert not passed


@pytest.mark.parametrize("value", ["10", "0/second", "5/week", 5, "x/second"])
def test_rates_that_make_no_sense_are_refused(value: object) -> None:
    """The error shows the form."""
    with pytest.raises(InvalidOption, match="'10/second'"):
        parse_rate(value)
