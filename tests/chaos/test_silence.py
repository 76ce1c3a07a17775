"""A server that stands still while all workers live: their leases run out, and yet their jobs are theirs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.chaos import app
from tests.chaos.pools import Pool, url_of
from tests.jobs.brokers import boot
from tests.queue_counts import queue_counts
from tests.redis_servers import Server
from tests.waiting import until

LEASE = 1500
FROZEN = 3.0


@pytest.mark.parametrize("processes", [1, 2])
@pytest.mark.parametrize("millis", [2_000, 7_000])
@pytest.mark.timed
def test_jobs_that_run_while_the_server_is_frozen_run_once(
    own_server: Callable[..., Server], pools: Callable[..., Pool], log: Path, processes: int, millis: int
) -> None:
    """Frozen for two leases; jobs that end meanwhile, and jobs that are longer than lease and silence together."""
    server = own_server()
    sender = boot(server.url, lease=LEASE)
    sender.actors = app.broker.actors
    sender.declare_queue("default")
    for number in range(4):
        sender.enqueue(app.work.message(str(number), millis))
    pool = pools(url_of(sender), log, "-t", "4", processes=processes, lease=LEASE)
    until(lambda: len(app.events(log, "start")) == 4, 20)
    server.freeze()
    threading.Event().wait(FROZEN)
    server.thaw()
    until(lambda: queue_counts(sender, "default").done == 4, 20)
    pool.terminate()
    pool.wait()

    assert ["0", "1", "2", "3"] == sorted(name for name, _, _ in app.events(log, "start")), pool.said()
    sender.close()


def test_a_worker_that_died_in_the_silence_is_noticed_after_it(
    own_server: Callable[..., Server], pools: Callable[..., Pool], log: Path
) -> None:
    """Grace is short: the job of a worker that was killed while the server stood still runs elsewhere."""
    server = own_server()
    sender = boot(server.url, lease=LEASE)
    sender.actors = app.broker.actors
    sender.declare_queue("default")
    pool = pools(url_of(sender), log, "-t", "1", lease=LEASE)
    sender.enqueue(app.work.message("survivor", 60_000))
    until(lambda: app.events(log, "start"), 20)
    pools(url_of(sender), log, "-t", "1", lease=LEASE)
    server.freeze()
    pool.kill()
    threading.Event().wait(FROZEN)
    server.thaw()
    until(lambda: len(app.events(log, "start")) == 2, 10, "the job starts again")
    sender.close()
