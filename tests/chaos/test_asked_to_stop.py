"""A worker process that an operator asks to stop, by way of Redis, ends as by SIGTERM."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from osmod.jobs.broker import JobBroker
from osmod.jobs.queue import presence
from osmod.jobs.steering.workers import stop_workers
from tests.chaos import app
from tests.chaos.pools import Pool, SupervisedPool, url_of
from tests.queue_counts import queue_counts
from tests.waiting import until


@pytest.mark.parametrize("kind", [Pool, SupervisedPool])
def test_its_job_ends_and_so_does_it(
    sender: JobBroker, pools: Callable[..., Pool], log: Path, kind: type[Pool]
) -> None:
    """The job that runs is done; `dramatiq` then ends in order, `osmod worker` has another process work on."""
    pool = pools(url_of(sender), log, "-t", "1", kind=kind)
    first = until(lambda: presence.workers(sender), 30)[0]
    sender.enqueue(app.work.message("long", 1000))
    until(lambda: app.events(log, "start"), 20)

    assert 1 == stop_workers(sender, [first.name], by="ann@desk")
    until(lambda: queue_counts(sender, "default").done == 1, 30)
    assert ["long"] == [name for name, *_ in app.events(log)]
    if kind is Pool:
        pool.wait(120)
        return
    until(lambda: [one for one in presence.workers(sender) if one.name != first.name], 30)
    sender.enqueue(app.work.message("later"))
    until(lambda: queue_counts(sender, "default").done == 2, 20)
    pool.terminate()
    assert 0 == pool.wait(120)
