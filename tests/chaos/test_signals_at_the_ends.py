"""Signals to workers that are still starting, and to those that are already exiting."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from signal import SIGKILL, SIGTERM

import pytest

from osmod.jobs.broker import JobBroker
from osmod.jobs.worker.signals import SAME
from tests.chaos import app, stopping
from tests.chaos.blows import Blow, deaths, left, lives, strike
from tests.chaos.pools import OwnPool, Pool, StockPool, url_of
from tests.waiting import until

pytestmark = pytest.mark.timed


class OrphanedPool(Pool):
    """`dramatiq tests.chaos.orphaned`."""

    module = "tests.chaos.orphaned"


@pytest.mark.parametrize("kind", [StockPool, OwnPool], ids=["dramatiq", "osmod"])
def test_told_to_stop_while_it_starts(
    sender: JobBroker, pools: Callable[..., Pool], log: Path, kind: type[Pool]
) -> None:
    """Signals while processes start end them, at whatever moment they come.

    Dramatiq's parent waits for a worker process that a signal ended just as it was made: see docs/signals.md.
    """
    options = ["-t", "1", "--worker-fork-timeout", "2000"]
    started = [pools(url_of(sender), log, *options, kind=kind, processes=1) for _ in range(4)]
    for pool in started:
        strike(pool, [Blow(SIGTERM, "group", 0.4), Blow(SIGTERM, "parent")])
    for pool in started:
        deaths(pool, 20)


def test_the_parent_is_killed_while_it_waits_for_a_worker_to_start(
    sender: JobBroker, pools: Callable[..., Pool], log: Path
) -> None:
    """The worker ends as soon as it has imported its modules, and takes no job."""
    pool = pools(url_of(sender), log, "-t", "1", kind=OrphanedPool)
    sender.enqueue(app.work.message("never"))
    until(lambda: app.events(log, "importing"), 20)
    strike(pool, [Blow(SIGKILL, "parent")])
    until(lambda: not left(pool), 5, "its worker has ended")

    assert [] == app.events(log, "start")


@pytest.mark.parametrize("to", ["group", "worker"])
def test_a_signal_while_a_process_exits_changes_nothing(
    sender: JobBroker, pools: Callable[..., Pool], log: Path, to: str
) -> None:
    """Asked on and on as in one request, `osmod worker` and each of its processes end by themselves."""
    pool = pools(url_of(sender), log, "-t", "1", kind=OwnPool)
    sender.enqueue(stopping.brief.message("brief", 1))
    until(lambda: app.events(log), 20)
    worker = pool.workers[0]
    # Later ones, on a busy machine, would be a second request.
    over = time.monotonic() + SAME / 2
    while lives(worker) and pool.poll() is None and time.monotonic() < over:
        with suppress(ProcessLookupError):
            os.kill(worker.pid, SIGTERM) if to == "worker" else os.killpg(pool.main, SIGTERM)
        time.sleep(0.002)  # what is tried is the time between them
    if to == "worker":
        until(lambda: "A worker process ended with code 0" in pool.said(), 20)
        pool.terminate()

    assert pool.wait() == 0
