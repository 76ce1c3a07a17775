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


def _most_within(moments: list[float], seconds: float) -> int:
    return max(sum(start <= moment < start + seconds for moment in moments) for start in moments)


@pytest.mark.timed
def test_no_window_holds_more_passes_than_the_limit(make_broker: Callable[..., JobBroker]) -> None:
    """Four askers at once, over several windows: never more than five in any 200 ms."""
    limits = [RateLimit(make_broker(), "api", limit=5, per=200) for _ in range(4)]
    passes: list[float] = []
    end = time.monotonic() + 1.0

    def ask(limit: RateLimit) -> None:
        while time.monotonic() < end:
            before = time.time()
            if not limit.wait():
                passes.append(before)

    with ThreadPoolExecutor(4) as askers:
        list(askers.map(ask, limits))

    assert 20 <= len(passes) <= 30
    # The passes are timed here, a little before Redis counts them.
    assert _most_within(passes, 0.185) <= 6


@pytest.mark.timed
def test_a_limited_actor_keeps_its_rate(broker: JobBroker) -> None:
    """Jobs over the rate wait in Redis, all of them run, and none is counted as a failure."""
    started: list[float] = []

    @dramatiq.actor(rate_limit="5/second", attempts=1)
    def limited() -> None:
        started.append(time.monotonic())

    for _ in range(12):
        limited.send()
    with working(broker):
        broker.join("default", timeout=120_000)

    assert len(started) == 12
    assert _most_within(started, 0.9) <= 5
    assert started[-1] - started[0] < 20


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
