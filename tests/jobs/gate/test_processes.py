"""A gate that four processes share, as their service sees it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from osmod.jobs.records.reading import get_jobs
from tests.chaos.pools import Pool, url_of
from tests.queue_counts import queue_counts
from tests.redis_servers import Server
from tests.waiting import SLACK, until

pytestmark = pytest.mark.timed

JOBS = 1000


class AskingPool(Pool):
    """Workers that ask."""

    module = "tests.jobs.gate.app"


@pytest.fixture
def asking(
    own_server: Callable[..., Server], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Any]:
    """The jobs, sent, with their broker; and how to start workers, none of which outlives the test."""
    monkeypatch.setitem(os.environ, "CHAOS_URL", own_server().url)
    from tests.jobs.gate import app

    app.broker.send_many(app.ask.message(number) for number in range(JOBS))
    pools: list[Pool] = []

    def start() -> Pool:
        pools.append(AskingPool(url_of(app.broker), tmp_path / "log", "-t", "2", processes=4))
        return pools[-1]

    yield app, start
    for pool in pools:
        pool.kill()
    app.broker.close()


def test_no_second_sees_more_than_its_limit(asking: Any) -> None:
    """Whichever second one takes; each job is done with one attempt, and woken about twice.

    How often, and how soon all are done, is asked of a machine that has time: who comes late is woken once more.
    """
    app, start = asking
    start()
    until(lambda: queue_counts(app.broker, "default").done == JOBS, 180)

    noted = [list(map(float, one.split())) for one in app.broker.client.lrange("arrivals", 0, -1)]
    arrivals = sorted(at for at, took in noted)
    # What this machine held up between its turn and its arrival, for longer than is allowed for, says nothing.
    prompt = sorted(at for at, took in noted if took < 50)
    crowded = [at for at, then in zip(prompt, prompt[app.PER_SECOND :], strict=False) if then - at < 1000]
    assert JOBS == len(arrivals) == app.broker.client.scard("answered")
    assert app.PER_SECOND < len(prompt)
    assert [] == crowded
    if len(prompt) > 0.95 * JOBS:
        assert 3 * JOBS > int(app.broker.client.get("woken"))
        assert arrivals[-1] - arrivals[0] < SLACK * 1050 * (JOBS / app.PER_SECOND - 1)
    ids = [one.decode() for one in app.broker.client.zrange("dramatiq:{default}:done", 0, -1)]
    assert {1} == {job.attempts_made for job in get_jobs(app.broker, "default", ids) if job}
    assert 0 == app.gate.state().waiting == app.gate.state().in_flight
