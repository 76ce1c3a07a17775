"""Jobs that an operator cancels: before they run, and while they do."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

import dramatiq
import pytest
from dramatiq import Actor

from osmod.jobs import steering
from osmod.jobs.actor import JobActor
from osmod.jobs.broker import JobBroker
from osmod.jobs.middleware.scripts import REPORT
from osmod.jobs.records.filters import JobFilter
from osmod.jobs.states import JobState
from tests.jobs.conftest import working
from tests.jobs.records.single import one, record
from tests.jobs.records.taking import end, taken
from tests.waiting import until


def take_long(started: threading.Event) -> None:
    """Take two minutes, open to interruption."""
    started.set()
    for _ in range(12_000):
        time.sleep(0.01)


def test_waiting_and_delayed_jobs_are_cancelled_at_once(broker: JobBroker, actor: Actor[..., None]) -> None:
    """They never run, and their records say who cancelled them."""
    waiting = actor.send(1).message_id
    delayed = actor.send_with_options(args=(2,), delay=60_000).message_id

    cancelled = steering.cancel(broker, JobFilter(actor="acceptComments"), by="ann@desk")

    assert (2, 0) == (cancelled.cancelled, cancelled.interrupting)
    for job_id in (waiting, delayed):
        job = record(broker, job_id)
        assert job.state is JobState.CANCELLED
        assert job.error is not None
        assert ("Cancelled", "by ann@desk") == (job.error.kind, job.error.message)
    assert 0 == broker.do_qsize("default")


def test_a_running_job_is_interrupted(broker: JobBroker) -> None:
    """Within seconds, as by a time limit; it is not retried, and what it cleans up is cleaned up."""
    started, cleaned = threading.Event(), threading.Event()

    @dramatiq.actor(max_retries=5, min_backoff=1)
    def work() -> None:
        try:
            take_long(started)
        finally:
            cleaned.set()

    message = work.send()
    with working(broker):
        assert started.wait(120)
        outcome = steering.cancel(broker, one(message.message_id), by="ann@desk")
        assert (0, 1) == (outcome.cancelled, outcome.interrupting)
        until(lambda: record(broker, message.message_id).state is JobState.CANCELLED)

    assert cleaned.is_set()
    job = record(broker, message.message_id)
    assert job.error is not None
    assert "by ann@desk" == job.error.message
    assert 0 == broker.do_qsize("default")


def test_a_job_in_a_workers_hands_that_no_thread_has_begun_is_cancelled(broker: JobBroker) -> None:
    """It was fetched ahead; it never starts."""
    release, ran = threading.Event(), []

    @dramatiq.actor
    def work(number: int) -> None:
        ran.append(number)
        release.wait(120)

    first = work.send(1).message_id
    with working(broker, threads=1):
        until(lambda: ran)
        second = work.send(2).message_id
        until(lambda: record(broker, second).state is JobState.ACTIVE)
        steering.cancel(broker, one(second))
        until(lambda: record(broker, second).cancelling)
        until(lambda: second in broker.custody.unwanted)
        release.set()
        until(lambda: record(broker, second).state is JobState.CANCELLED)
        until(lambda: record(broker, first).state is JobState.DONE)

    assert [1] == ran


def test_a_cancelled_job_whose_worker_hands_it_back_does_not_run_again(
    broker: JobBroker, actor: Actor[..., None]
) -> None:
    """Cancelled is cancelled, whatever becomes of the worker."""
    message = actor.send(1)
    with taken(broker, 1) as (consumer, jobs):
        steering.cancel(broker, one(message.message_id))
        consumer.requeue(jobs)

    assert record(broker, message.message_id).state is JobState.CANCELLED
    assert 0 == broker.do_qsize("default")


def test_a_cancelled_job_can_be_retried(broker: JobBroker, actor: Actor[..., None]) -> None:
    """And is then a job like any other."""
    message = actor.send(1)
    steering.cancel(broker, one(message.message_id))

    assert 1 == steering.retry(broker, one(message.message_id))
    assert [message.message_id] == end(broker, 1)
    assert record(broker, message.message_id).state is JobState.DONE


def test_a_cancelled_job_that_fails_otherwise_is_cancelled_all_the_same(broker: JobBroker) -> None:
    """Whatever it makes of the interruption, it is not run again."""
    started = threading.Event()

    @dramatiq.actor(max_retries=5, min_backoff=1)
    def work() -> None:
        try:
            take_long(started)
        except BaseException:  # noqa: BLE001 - as careless actors do
            raise ValueError("disturbed") from None

    message = work.send()
    with working(broker):
        assert started.wait(120)
        steering.cancel(broker, one(message.message_id))
        until(lambda: record(broker, message.message_id).state is JobState.CANCELLED)

    assert 0 == broker.do_qsize("default")


def test_a_job_sent_again_is_not_stopped_for_one_of_its_id_that_was(
    broker: JobBroker, actor: Actor[..., None]
) -> None:
    """What was asked of a run that ended all the same, and was deleted, is not asked of the next."""
    message = actor.send(1)
    with taken(broker, 1) as (consumer, jobs):
        assert 1 == steering.cancel(broker, one(message.message_id)).interrupting
        consumer.ack(jobs[0])
    assert 1 == steering.delete(broker, one(message.message_id))

    broker.enqueue(message)
    with taken(broker, 1):
        assert [] == REPORT.run(broker.links, broker.key_base("default"), [b"100"])


@pytest.mark.parametrize("coroutine", [False, True], ids=["in a thread", "as a coroutine"])
def test_a_job_that_is_retried_right_after_it_was_cancelled_at_work_runs(
    broker: JobBroker, coroutine: bool
) -> None:
    """Its process was told half a second ago to stop it: that run, and not the next one."""
    started, runs = threading.Event(), []

    def work() -> None:
        runs.append(1)
        if len(runs) == 1:
            take_long(started)

    async def work_soon() -> None:
        runs.append(1)
        if len(runs) == 1:
            started.set()
            await asyncio.sleep(120)

    options: dict[str, Any] = {"actor_class": JobActor, "concurrency": 2} if coroutine else {}
    function: Any = work_soon if coroutine else work
    declare: Any = dramatiq.actor
    job_id = declare(function, actor_name="work", max_retries=0, **options).send().message_id
    with working(broker):
        assert started.wait(120)
        steering.cancel(broker, one(job_id))
        until(lambda: record(broker, job_id).state is JobState.CANCELLED, every=0.001)
        assert 1 == steering.retry(broker, one(job_id))
        until(lambda: record(broker, job_id).state in (JobState.DONE, JobState.FAILED))

    assert JobState.DONE is record(broker, job_id).state
    assert [1, 1] == runs
