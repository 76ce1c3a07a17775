"""What happens to jobs when something happens to the workers that hold them."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from osmod.jobs.broker import JobBroker
from osmod.jobs.queue import presence
from tests.chaos import app
from tests.chaos.pools import Pool, url_of
from tests.queue_counts import queue_counts
from tests.waiting import until

LEASE = 1500


def _send(broker: JobBroker, name: str, millis: int = 5) -> str:
    return broker.enqueue(app.work.message(name, millis)).message_id


def _starts(log: Path, name: str) -> list[float]:
    return [moment for started, _, moment in app.events(log, "start") if started.startswith(name)]


@pytest.mark.promise("P1", "P3", stock="its jobs run elsewhere")
@pytest.mark.timed
def test_jobs_of_a_killed_worker_start_again_in_time(
    sender: JobBroker, pools: Callable[..., Pool], log: Path
) -> None:
    """P1, P3: after SIGKILL every job runs, those it held within the lease and a second."""
    victim = pools(url_of(sender), log, "-t", "2", lease=LEASE)
    for name in ("long-1", "long-2"):
        _send(sender, name, 60_000)
    until(lambda: len(app.events(log, "start")) == 2, 20)
    for number in range(20):
        _send(sender, f"short-{number}")
    pools(url_of(sender), log, "-t", "8", lease=LEASE)
    until(lambda: len(app.events(log)) >= 16, 20)

    killed = time.time()
    victim.kill()
    until(lambda: len(_starts(log, "long")) == 4, 10, "its jobs run elsewhere")
    until(lambda: len(app.events(log)) == 20, 20)

    assert max(_starts(log, "long")) - killed <= LEASE / 1000 + 1


@pytest.mark.promise("P4", stock="death 2")
def test_a_job_that_kills_its_worker_is_failed_in_the_end(
    sender: JobBroker, pools: Callable[..., Pool], log: Path
) -> None:
    """P4: the third death is the last; the job is failed with that reason."""
    message = sender.enqueue(app.kill.message("deadly"))
    for deaths in (1, 2, 3):
        pool = pools(url_of(sender), log, "-t", "2", lease=LEASE)
        until(lambda: len(_starts(log, "deadly")) == deaths, 10, f"death {deaths}")  # noqa: B023
        pool.wait(120)

    pools(url_of(sender), log, "-t", "2", lease=LEASE)
    until(lambda: queue_counts(sender, "default").failed == 1, 20)

    record = sender.client.hgetall(f"dramatiq:{{default}}:job:{message.message_id}")
    assert record[b"error"] == b"WorkerDied: the worker running this job died 3 times"
    assert len(app.events(log, "start")) == 3


def test_an_innocent_job_is_not_failed_for_its_neighbours(
    sender: JobBroker, pools: Callable[..., Pool], log: Path
) -> None:
    """Only a job that was running when its worker died counts the death."""
    sender.enqueue(app.kill.message("deadly"))
    for number in range(3):
        _send(sender, f"innocent-{number}")
    for _ in range(3):
        pools(url_of(sender), log, "-t", "1", lease=LEASE).wait(120)
    pools(url_of(sender), log, "-t", "1", lease=LEASE)

    until(lambda: len(app.events(log)) == 3, 20)
    until(lambda: queue_counts(sender, "default").done == 3)
    until(lambda: queue_counts(sender, "default").failed == 1, 20)


@pytest.mark.promise("P5", stock="the job runs elsewhere")
@pytest.mark.timed
def test_a_frozen_worker_finds_its_ack_refused(
    sender: JobBroker, pools: Callable[..., Pool], log: Path
) -> None:
    """P5: a worker frozen past its lease loses the job; the second run stands."""
    frozen = pools(url_of(sender), log, "-t", "1", lease=LEASE)
    _send(sender, "job", 700)
    until(lambda: app.events(log, "start"), 20)
    frozen.signal_worker(signal.SIGSTOP)
    pools(url_of(sender), log, "-t", "1", lease=LEASE)
    until(lambda: len(app.events(log)) == 1, 10, "the job runs elsewhere")
    until(lambda: queue_counts(sender, "default").done == 1)

    frozen.signal_worker(signal.SIGCONT)
    until(lambda: len(app.events(log)) == 2, 20)
    until(lambda: "lease" in frozen.said(), 20)

    assert queue_counts(sender, "default").done == 1
    assert sender.client.hget("dramatiq:{default}:meta", "done") == b"1"


@pytest.mark.timed
def test_a_stopping_worker_hands_back_what_it_did_not_begin(
    sender: JobBroker, pools: Callable[..., Pool], log: Path
) -> None:
    """SIGTERM: the running job ends, the prefetched ones return to their old places, nothing is leased."""
    ids = [_send(sender, f"job-{number}", 1500) for number in range(6)]
    pool = pools(url_of(sender), log, "-t", "2")
    until(lambda: len(app.events(log, "start")) == 2, 20)
    until(lambda: queue_counts(sender, "default").active == 4)
    pool.terminate()
    pool.wait(120)

    assert [name for name, *_ in app.events(log)] in (["job-0", "job-1"], ["job-1", "job-0"])
    assert queue_counts(sender, "default").active == 0
    waiting = sender.client.zrange("dramatiq:{default}:ready", 0, -1)
    assert [one.decode() for one in waiting] == ids[2:]


def test_a_stopping_worker_takes_no_longer_than_its_drain_time(
    sender: JobBroker, pools: Callable[..., Pool], log: Path
) -> None:
    """A job that does not end in time is interrupted and goes back unharmed, its attempt uncounted."""
    message_id = _send(sender, "endless", 60_000)
    pool = pools(url_of(sender), log, "-t", "1", drain=500)
    until(lambda: app.events(log, "start"), 20)
    began = time.monotonic()
    pool.terminate()
    pool.wait(120)

    assert time.monotonic() - began < 20
    # Its thread went on to the end of the process: it starts again a second later.
    counts = queue_counts(sender, "default")
    assert (counts.active, counts.waiting + counts.delayed) == (0, 1)
    record = sender.client.hgetall(f"dramatiq:{{default}}:job:{message_id}")
    assert record[b"state"] in (b"waiting", b"delayed")
    assert b"retries" not in record


@pytest.mark.timed
def test_siblings_of_a_dead_process_drain(sender: JobBroker, pools: Callable[..., Pool], log: Path) -> None:
    """Dramatiq ends the pool when one process dies; the jobs of the others end first, and once."""
    pool = pools(url_of(sender), log, "-t", "1", processes=2, lease=LEASE)
    until(lambda: len(presence.workers(sender)) == 2, 20)
    for number in range(4):
        _send(sender, f"job-{number}", 1500)
    until(lambda: len({process for _, process, _ in app.events(log, "start")}) == 2, 20)
    dead = pool.signal_worker(signal.SIGKILL).pid
    pool.wait(120)

    begun = [name for name, process, _ in app.events(log, "start") if process != dead]
    ended = [name for name, process, _ in app.events(log) if process != dead]
    assert begun
    assert ended == begun
