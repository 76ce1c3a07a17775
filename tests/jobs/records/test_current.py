"""What a running job says of itself."""

from __future__ import annotations

import threading
from decimal import Decimal
from fractions import Fraction
from typing import Any

import dramatiq
import pytest

from osmod.jobs import current_job
from osmod.jobs.broker import JobBroker
from osmod.jobs.errors import NoCurrentJob
from osmod.jobs.records.reading import get_job
from osmod.jobs.records.record import JobRecord
from osmod.jobs.states import JobState
from tests.jobs.conftest import working
from tests.waiting import until


def record(broker: JobBroker, job_id: str) -> JobRecord:
    found = get_job(broker, job_id)
    assert found is not None
    return found


def test_progress_and_log_stand_in_the_record(broker: JobBroker) -> None:
    """The last progress, and the lines in their order, once the job is done."""

    @dramatiq.actor
    def work() -> None:
        job = current_job()
        for done in range(1000):
            job.progress(done, 1000)
        job.progress(3, 10, "comments scored")
        job.log("first line\nof two")
        job.log("second")

    message = work.send()
    with working(broker):
        until(lambda: record(broker, message.message_id).state is JobState.DONE)

    job = record(broker, message.message_id)
    assert job.progress is not None
    assert (3, 10, "comments scored") == (job.progress.done, job.progress.total, job.progress.message)
    assert 0.3 == job.progress.share
    assert ["first line\nof two", "second"] == [line.text for line in job.log]


def test_progress_shows_while_the_job_runs(broker: JobBroker) -> None:
    """Within a second, without the job's waiting for it; and in which thread it runs."""
    release = threading.Event()

    @dramatiq.actor
    def work() -> None:
        current_job().progress(1, 2)
        release.wait(120)

    message = work.send()
    with working(broker):
        until(lambda: record(broker, message.message_id).progress)
        until(lambda: (one := record(broker, message.message_id).worker) and one.thread)
        worker = record(broker, message.message_id).worker
        release.set()

    assert worker is not None
    assert worker.thread.startswith("Thread-")


def test_a_log_is_bounded(broker: JobBroker) -> None:
    """The last 100 lines are kept, and 1,000 characters of each, over several writes."""

    @dramatiq.actor
    def work() -> None:
        for at in range(150):
            current_job().log(f"{at} {'x' * 2000}")

    message = work.send()
    with working(broker):
        until(lambda: record(broker, message.message_id).state is JobState.DONE)

    log = record(broker, message.message_id).log
    assert 100 == len(log)
    assert "50 xxx" == log[0].text[:6]
    assert 1000 == len(log[-1].text)


def test_a_failed_run_keeps_its_log_for_the_next(broker: JobBroker) -> None:
    """Lines of both runs stand in the record."""

    @dramatiq.actor(max_retries=1, min_backoff=1, max_backoff=1)
    def work() -> None:
        current_job().log(f"attempt {current_job().attempt}")
        if current_job().attempt == 1:
            raise ValueError("once")

    message = work.send()
    with working(broker):
        until(lambda: record(broker, message.message_id).state is JobState.DONE)

    assert ["attempt 1", "attempt 2"] == [line.text for line in record(broker, message.message_id).log]


def test_progress_must_be_numbers_that_make_sense(broker: JobBroker) -> None:
    """The error says what was given."""
    errors: list[str] = []

    @dramatiq.actor
    def work() -> None:
        try:
            current_job().progress(-1, 10)
        except ValueError as error:
            errors.append(str(error))

    work.send()
    with working(broker):
        until(lambda: errors)

    assert ["done=-1: expected a number of at least 0"] == errors


@pytest.mark.parametrize("done", [Decimal("2.5"), Fraction(5, 2)])
def test_progress_may_be_any_number(broker: JobBroker, done: Any) -> None:
    """Also one that JSON has no form for: the thread that looks after this process's jobs would not outlive it."""
    goes_on = threading.Event()

    @dramatiq.actor(max_retries=0)
    def work() -> None:
        current_job().progress(done, 10)
        goes_on.wait(120)

    message = work.send()
    with working(broker):
        until(lambda: record(broker, message.message_id).progress)
        goes_on.set()
        until(lambda: record(broker, message.message_id).state is JobState.DONE)

    job = record(broker, message.message_id)
    assert job.progress is not None
    assert (2.5, 10) == (job.progress.done, job.progress.total)


def test_outside_of_a_job_there_is_no_current_one(broker: JobBroker) -> None:
    """The error says where it works."""
    with pytest.raises(NoCurrentJob) as raised:
        current_job()

    assert (
        "current_job() was called outside of a job: it only works in an actor that a worker runs, "
        "or that inline mode does"
    ) == str(raised.value)
