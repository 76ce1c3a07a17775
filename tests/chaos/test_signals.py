"""What signals do to workers, however sent: no job runs in two threads at a time, nothing is left behind."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from signal import SIGHUP, SIGINT, SIGKILL, SIGTERM
from typing import Any

import pytest
from dramatiq import Worker

from osmod.jobs.broker import JobBroker
from tests.chaos import app, stopping
from tests.chaos.blows import LATER, Blow, assert_never_at_once, deaths, left, strike, strike_again
from tests.chaos.pools import OwnPool, Pool, StockPool, url_of
from tests.queue_counts import queue_counts
from tests.redis_servers import Server
from tests.waiting import until

pytestmark = pytest.mark.timed

BOTH = pytest.mark.parametrize("kind", [StockPool, OwnPool], ids=["dramatiq", "osmod"])
#: Seconds in which whatever was asked again has ended on a busy machine, too: far fewer than a drain takes.
BUSY = 15
#: Milliseconds that a job takes which no test waits for.
LONG = 40_000


@pytest.fixture
def others(sender: JobBroker, log: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """Starts a worker in this process, which takes whatever the processes under test let go of."""
    own_log = os.open(log, os.O_WRONLY | os.O_APPEND)
    monkeypatch.setattr(app, "_log", own_log)
    monkeypatch.setenv(stopping.HEIR, str(os.getpid()))
    sender.middleware.extend(one for one in app.broker.middleware if type(one).__name__ == "AsyncIO")
    workers: list[Worker] = []

    def start() -> None:
        workers.append(Worker(sender, worker_threads=4))
        workers[-1].start()

    yield start
    for worker in workers:
        worker.stop()
    sender.close()
    os.close(own_log)


def send(broker: JobBroker, kind: str, millis: int, count: int = 2) -> None:
    """Queue jobs of one kind."""
    actor: Any = getattr(stopping, kind)
    for number in range(count):
        broker.enqueue(actor.message(f"{kind}-{number}", millis))


def started(log: Path, count: int = 2) -> None:
    """Wait until so many jobs have begun."""
    until(lambda: len(app.events(log, "start")) >= count, 30, f"{count} jobs begun")


GENTLE = {
    "TERM to the group": [Blow(SIGTERM)],
    "TERM to the parent, again at once": [Blow(SIGTERM, "parent"), Blow(SIGTERM, "parent", 0.3)],
    "Ctrl-C, again at once": [Blow(SIGINT), Blow(SIGINT, "group", 0.3)],
    "HUP to the parent, then TERM": [Blow(SIGHUP, "parent"), Blow(SIGTERM, "parent", 0.3)],
}


@BOTH
@pytest.mark.parametrize("blows", GENTLE.values(), ids=GENTLE.keys())
def test_what_runs_may_end(
    sender: JobBroker,
    pools: Callable[..., Pool],
    log: Path,
    others: Callable[[], None],
    kind: type[Pool],
    blows: list[Blow],
) -> None:
    """A request to stop is one, however often it arrives within a second: running jobs end, and run once."""
    pool = pools(url_of(sender), log, "-t", "2", kind=kind)
    send(sender, "brief", 1200, 1)
    send(sender, "asynchronous", 1200, 1)
    started(log)
    others()
    strike(pool, blows)
    gone = deaths(pool, 6)

    assert pool.wait() == 0
    assert_never_at_once(log, gone)
    assert sorted(name for name, *_ in app.events(log)) == ["asynchronous-0", "brief-0"]
    assert len(app.events(log, "start")) == 2


@pytest.mark.parametrize(
    ("kind", "to"),
    [(StockPool, "group"), (OwnPool, "group"), (OwnPool, "parent")],
    ids=["dramatiq-group", "osmod-group", "osmod-parent"],
)
def test_asked_again_later_it_ends_at_once(
    sender: JobBroker,
    pools: Callable[..., Pool],
    log: Path,
    others: Callable[[], None],
    kind: type[Pool],
    to: str,
) -> None:
    """A second request ends it within a second; its jobs run elsewhere, none before its first run is over."""
    pool = pools(url_of(sender), log, "-t", "4", kind=kind, lease=20_000)
    for name in ("brief", "deaf", "asynchronous", "blocking"):
        send(sender, name, LONG, 1)
    started(log, 4)
    others()
    strike_again(pool, SIGTERM, to)
    asked = time.time()
    gone = deaths(pool, 5)

    assert pool.wait() == 1
    # Its jobs would take forty.
    assert max(gone.values()) - asked < 5
    until(lambda: queue_counts(sender, "default").done == 4, 10)
    assert_never_at_once(log, gone)


@pytest.mark.parametrize(
    ("kind", "options", "settings"),
    [(StockPool, ["--worker-shutdown-timeout", "500"], {}), (OwnPool, [], {"drain": 500})],
    ids=["dramatiq", "osmod"],
)
def test_what_ignores_its_interruption_does_not_hold_up_the_end(
    sender: JobBroker,
    pools: Callable[..., Pool],
    log: Path,
    others: Callable[[], None],
    kind: type[Pool],
    options: list[str],
    settings: dict[str, int],
) -> None:
    """When the time to drain is over, jobs that cannot be interrupted end with the process and run again."""
    pool = pools(url_of(sender), log, "-t", "4", *options, kind=kind, lease=20_000, **settings)
    for name in ("brief", "deaf", "blocking"):
        send(sender, name, LONG, 1)
    started(log, 3)
    others()
    asked = time.time()
    strike(pool, [Blow(SIGTERM)])
    gone = deaths(pool, 12)

    assert pool.wait() == 0
    assert max(gone.values()) - asked < 20
    until(lambda: queue_counts(sender, "default").done == 3, 10)
    assert_never_at_once(log, gone)


@pytest.mark.parametrize("job", ["notified", "slow_to_let_go"])
def test_an_actor_that_is_told_of_the_stop_loses_no_attempt_by_it(
    sender: JobBroker, pools: Callable[..., Pool], log: Path, others: Callable[[], None], job: str
) -> None:
    """With `notify_shutdown` it is interrupted at once; if it lets that pass, the job is run elsewhere, later."""
    pool = pools(url_of(sender), log, "-t", "2", kind=StockPool, drain=3000, lease=20_000)
    send(sender, job, LONG, 1)
    send(sender, "brief", LONG, 1)
    started(log)
    others()
    strike(pool, [Blow(SIGTERM)])
    gone = deaths(pool, 9)
    until(lambda: queue_counts(sender, "default").done == 2, 15)

    assert pool.wait() == 0
    assert_never_at_once(log, gone)


@BOTH
@pytest.mark.parametrize("job", ["parental", "program"])
def test_what_a_job_started_ends_with_its_process(
    sender: JobBroker,
    pools: Callable[..., Pool],
    log: Path,
    others: Callable[[], None],
    kind: type[Pool],
    job: str,
) -> None:
    """No process of a job outlives the worker that was told to end at once, nor is its end taken for the job's."""
    pool = pools(url_of(sender), log, "-t", "1", kind=kind, lease=20_000)
    send(sender, job, LONG, 1)
    started(log, 1)
    strike_again(pool, SIGTERM, "parent")
    gone = deaths(pool, BUSY)
    counts = queue_counts(sender, "default")
    assert counts.waiting + counts.delayed == 1
    others()
    until(lambda: queue_counts(sender, "default").done == 1, 10)

    assert pool.wait() == 1
    assert_never_at_once(log, gone)
    assert len(app.events(log, "start")) == 2


@BOTH
def test_a_reload_asks_each_process_once(
    sender: JobBroker,
    pools: Callable[..., Pool],
    log: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: type[Pool],
) -> None:
    """SIGHUP, to the group and again later: jobs end where they began, and there are workers as before."""
    # `python -m dramatiq` starts itself anew with the `python` that it finds.
    monkeypatch.setenv("PATH", os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    pool = pools(url_of(sender), log, "-t", "2", kind=kind)
    send(sender, "brief", 2000)
    started(log)
    before = {worker.pid for worker in pool.workers}
    hups = [Blow(SIGHUP), Blow(SIGHUP, "parent", LATER)] if kind is OwnPool else [Blow(SIGHUP)]
    strike(pool, hups)
    until(lambda: before.isdisjoint(worker.pid for worker in pool.workers) and pool.workers, 10)
    send(sender, "asynchronous", 500, 1)
    until(lambda: len(app.events(log)) == 3, 10)
    until(lambda: queue_counts(sender, "default").done == 3)
    strike(pool, [Blow(SIGTERM)])
    deaths(pool, 6)

    assert pool.wait() == 0
    assert sorted(name for name, *_ in app.events(log, "start")) == ["asynchronous-0", "brief-0", "brief-1"]


@BOTH
def test_nothing_outlives_the_parent(
    sender: JobBroker, pools: Callable[..., Pool], log: Path, others: Callable[[], None], kind: type[Pool]
) -> None:
    """After SIGKILL of the parent its workers end what they run, then themselves."""
    pool = pools(url_of(sender), log, "-t", "1", kind=kind, processes=2)
    until(lambda: len(pool.workers) == 2, 20)
    send(sender, "brief", 1500)
    started(log)
    others()
    strike(pool, [Blow(SIGKILL, "parent")])
    pool.wait()
    until(lambda: not left(pool), 8, "its workers have ended")

    assert sorted(name for name, *_ in app.events(log)) == ["brief-0", "brief-1"]
    assert len(app.events(log, "start")) == 2


def test_a_frozen_redis_does_not_hold_up_the_end(
    own_server: Callable[..., Server], pools: Callable[..., Pool], log: Path
) -> None:
    """Workers end in time though nothing can be settled; what they ran is run again when leases are over."""
    server = own_server()
    broker = JobBroker(url=server.url)
    pool = pools(server.url, log, "-t", "2", kind=StockPool, drain=500)
    send(broker, "brief", 200, 1)
    send(broker, "brief", LONG, 1)
    started(log)
    server.freeze()
    strike(pool, [Blow(SIGTERM)])
    deaths(pool, 15)
    broker.close()


def test_a_worker_that_is_asked_alone(sender: JobBroker, pools: Callable[..., Pool], log: Path) -> None:
    """One process of `osmod worker` is asked: it ends its job and is replaced; the other goes on."""
    pool = pools(url_of(sender), log, "-t", "1", kind=OwnPool, processes=2)
    until(lambda: len(pool.workers) == 2, 20)
    send(sender, "brief", 800)
    started(log)
    asked = pool.signal_worker(SIGTERM).pid
    until(lambda: len(pool.workers) == 2 and asked not in [worker.pid for worker in pool.workers], 20)
    strike(pool, [Blow(SIGTERM)])
    deaths(pool, 10)

    assert pool.wait() == 0
    assert sorted(name for name, *_ in app.events(log)) == ["brief-0", "brief-1"]
    assert len(app.events(log, "start")) == 2
