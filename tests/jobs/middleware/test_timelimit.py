"""What interrupting a job does to coroutines, and to code that Python cannot interrupt."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import dramatiq
import pytest
from dramatiq.middleware import AsyncIO, Retries

from osmod.jobs.broker import JobBroker
from osmod.jobs.middleware.timelimit import TimeLimit
from osmod.jobs.records.reading import get_job
from osmod.jobs.states import JobState
from tests.jobs.conftest import working
from tests.queue_counts import queue_counts
from tests.waiting import until


def test_a_coroutine_is_cancelled_and_over_before_it_is_tried_again(
    make_broker: Callable[..., JobBroker],
) -> None:
    """It never runs beside its own retry, and may clean up."""
    broker = make_broker(
        middleware=[TimeLimit(interval=10), Retries(max_retries=1, min_backoff=1), AsyncIO()]
    )
    told: list[str] = []

    @dramatiq.actor(time_limit=50)
    async def wait() -> None:
        told.append("begun")
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            await asyncio.sleep(0.1)
            told.append("over")
            raise

    wait.send()
    with working(broker, threads=2):
        broker.join("default", timeout=120_000)

    assert ["begun", "over"] * 2 == told
    assert queue_counts(broker, "default").failed == 1


@pytest.mark.timed
def test_a_blocking_call_ends_before_its_job_is_interrupted(make_broker: Callable[..., JobBroker]) -> None:
    """The job goes no further, is settled once, and keeps its lease however long the call takes."""
    parameters: dict[str, Any] = {
        "lease": 250,
        "middleware": [TimeLimit(interval=10), Retries(max_retries=0)],
    }
    broker = make_broker(**parameters)
    told: list[str] = []

    @dramatiq.actor(time_limit=50)
    def block() -> None:
        told.append("begun")
        time.sleep(0.8)
        told.append("not interrupted")

    block.send()
    other = make_broker(**parameters)
    dramatiq.actor(actor_name="block")(partial(told.append, "begun elsewhere"))
    with working(broker, threads=1):
        until(lambda: told)
        with working(other, threads=1):
            broker.join("default", timeout=120_000)

    assert ["begun"] == told
    assert queue_counts(broker, "default").failed == 1


def test_a_coroutine_that_cleans_up_for_long_is_handed_back_all_the_same(
    make_broker: Callable[..., JobBroker],
) -> None:
    """Its worker stops amid its run: no attempt is counted, and the job starts again when its process is gone."""
    broker = make_broker(middleware=[Retries(), AsyncIO()], drain=10)
    begun = threading.Event()

    @dramatiq.actor
    async def wait() -> None:
        begun.set()
        try:
            await asyncio.sleep(60)
        finally:
            # Longer than Dramatiq waits for it.
            await asyncio.sleep(1.2)

    job_id = wait.send().message_id
    with working(broker, threads=1):
        assert begun.wait(120)
    record = get_job(broker, job_id)

    assert record is not None
    assert (JobState.DELAYED, 0) == (record.state, record.attempts_made)
