"""A coroutine that blocks the loop is named, with where it does; one that does not is not."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator

import dramatiq
import pytest

from osmod.jobs import JobActor
from osmod.jobs.broker import JobBroker
from osmod.jobs.middleware.control import JobControl
from osmod.jobs.middleware.loop_watch import LoopWatch
from osmod.loop import the_loop
from tests.jobs.conftest import working
from tests.jobs.one_server import server as server
from tests.jobs.worker.errands import Errands
from tests.waiting import until


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """What holds up the loop until it is set, by the end of the test at the latest."""
    gate = threading.Event()
    yield gate
    gate.set()


def _said(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [one.getMessage() for one in caplog.records if one.name.endswith("loop_watch")]


def test_who_blocks_is_named(
    broker: JobBroker, gate: threading.Event, caplog: pytest.LogCaptureFixture
) -> None:
    """Its job, its actor, where, and in the end for how long; the others have no part in it."""
    errands = Errands(broker)

    @dramatiq.actor(actor_class=JobActor, concurrency=5, max_retries=0)
    async def blocking() -> None:
        gate.wait(120)

    assert any(isinstance(one, JobControl) for one in broker.middleware)
    errands.send(1, 2)
    with working(broker, threads=1):
        until(lambda: len(errands.begun) == 2)
        job = blocking.send().message_id
        named = until(lambda: [line for line in _said(caplog) if job in line], 20)[0]
        gate.set()
        went_on = "The coroutines of this process went on after "
        until(lambda: _said(caplog)[-1].startswith(went_on))
        errands.let_go()
        broker.join("default", timeout=120_000)

    assert named.startswith("The 3 coroutines of this process have been held up for ")
    assert f" by job {job} of blocking, at " in named
    assert "test_loop_watch.py:" in named


def test_what_a_job_started_is_placed(gate: threading.Event, caplog: pytest.LogCaptureFixture) -> None:
    """Of a task of its own nobody knows whose it is, but where it blocks."""
    watch = LoopWatch()

    async def blocks() -> None:
        gate.wait(120)

    asyncio.run_coroutine_threadsafe(blocks(), the_loop())

    def looked() -> list[str]:
        watch.look(1)
        return _said(caplog)

    until(looked, 20, every=0.2)
    assert " by what one of them started, at " in _said(caplog)[0]


@pytest.mark.timed
def test_nothing_is_said_of_a_loop_that_turns(caplog: pytest.LogCaptureFixture) -> None:
    """Though the looks are far apart, and the loop was busy at each of them for a moment."""
    watch, turned = LoopWatch(), threading.Event()
    began = time.monotonic()
    while time.monotonic() - began < 2.5:
        the_loop().call_soon_threadsafe(time.sleep, 0.05)
        the_loop().call_soon_threadsafe(turned.set)
        watch.look(1)
        assert turned.wait(120)
        turned.clear()

    assert _said(caplog) == []


def test_nobody_is_asked_while_no_coroutine_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The loop is not woken for it, nor made."""
    monkeypatch.setattr("osmod.jobs.middleware.loop_watch.the_loop", lambda: pytest.fail("asked"))
    watch = LoopWatch()
    for _ in range(5):
        watch.look(0)
