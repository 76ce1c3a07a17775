"""What a job's record tells."""

from __future__ import annotations

import re
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import dramatiq
from dramatiq import Message

from osmod.jobs.broker import JobBroker
from osmod.jobs.records.filters import JobFilter
from osmod.jobs.records.find import count, find
from osmod.jobs.records.reading import get_job
from osmod.jobs.records.record import JobRecord
from osmod.jobs.states import JobState
from osmod.jobs.steering import promote
from osmod.task.payload import checked
from tests.jobs.conftest import working
from tests.jobs.records.taking import end, taken
from tests.waiting import until


def record(broker: JobBroker, job_id: str) -> JobRecord:
    found = get_job(broker, job_id)
    assert found is not None
    return found


def worked(broker: JobBroker, message: Message[Any], state: JobState) -> JobRecord:
    """The record of a job that a worker has brought into a state."""
    with working(broker):
        until(lambda: record(broker, message.message_id).state is state)
    return record(broker, message.message_id)


def test_a_waiting_job_shows_what_it_is(broker: JobBroker) -> None:
    """Id, actor, queue, arguments by name, state, priority, attempts and the moment it was sent."""

    @dramatiq.actor(actor_name="acceptComments", priority=-10, max_retries=2)
    def accept(comment_id: int, user_id: int) -> None:
        """Nothing runs here."""

    before = datetime.now(UTC) - timedelta(seconds=2)

    job = record(broker, accept.send(12, user_id=3).message_id)

    assert ("acceptComments", "default", JobState.WAITING) == (job.actor, job.queue, job.state)
    assert {"comment_id": 12, "user_id": 3} == job.arguments
    assert ((12,), {"user_id": 3}) == (job.args, job.kwargs)
    assert (-10, 0, 3) == (job.priority, job.attempts_made, job.attempts_left)
    assert job.created is not None
    assert before < job.created < before + timedelta(minutes=1)
    assert (None, None, None) == (job.started, job.finished, job.worker)
    assert "acceptComments(comment_id=12, user_id=3)" == job.call


def test_arguments_in_the_senders_spelling_have_the_functions_names(broker: JobBroker) -> None:
    """OSMod sends `commentId`; whoever looks finds `comment_id`."""

    @dramatiq.actor
    @checked("acceptComments")
    def accept(comment_id: int) -> None:
        """Nothing runs here."""

    job = record(broker, accept.send_with_options(kwargs={"commentId": 12}).message_id)

    assert {"comment_id": 12} == job.arguments


def test_an_unknown_id_has_no_record(broker: JobBroker) -> None:
    """None, not an empty record."""
    broker.declare_queue("default")

    assert get_job(broker, "no-such-job") is None


def test_a_running_job_shows_its_worker(broker: JobBroker) -> None:
    """Host and process from the start; the attempt under way counts as made."""
    actor = dramatiq.actor(actor_name="run", max_retries=2)(lambda: None)
    message = actor.send()
    with taken(broker, 1):
        job = record(broker, message.message_id)

        assert (JobState.ACTIVE, 1, 2) == (job.state, job.attempts_made, job.attempts_left)
        assert job.worker is not None
        assert job.worker.process > 0
        assert job.started is not None


def test_a_finished_job_shows_how_long_it_took_and_what_came_of_it(broker: JobBroker) -> None:
    """Started, finished, duration; the result where the actor asks for it to be kept."""

    @dramatiq.actor(keep_result=True)
    def add(a: int, b: int) -> dict[str, int]:
        return {"sum": a + b}

    job = worked(broker, add.send(1, 2), JobState.DONE)

    assert {"sum": 3} == job.result
    assert job.started is not None
    assert job.finished is not None
    assert job.started <= job.finished
    assert job.duration is not None
    assert timedelta(0) <= job.duration < timedelta(minutes=1)
    assert (1, 0, None) == (job.attempts_made, job.attempts_left, job.error)


def test_a_result_that_is_not_json_says_so_instead(broker: JobBroker) -> None:
    """The job is done all the same."""
    actor = dramatiq.actor(actor_name="odd", keep_result=True)(lambda: {1, 2})

    job = worked(broker, actor.send(), JobState.DONE)

    assert "(not kept: Object of type set is not JSON serializable)" == job.result


def test_a_result_that_is_nested_without_end_is_replaced_by_a_text(broker: JobBroker) -> None:
    """The job has done what it is for: it is not failed, and tried again, for the sake of what is kept of it."""
    nested: list[Any] = []
    for _ in range(100_000):
        nested = [nested]
    actor = dramatiq.actor(actor_name="deep", keep_result=True, max_retries=0)(lambda: nested)
    job = worked(broker, actor.send(), JobState.DONE)
    assert "(not kept: " in str(job.result)


def test_a_failed_job_shows_its_error_with_traceback(broker: JobBroker) -> None:
    """Class, message, and where it came from."""

    @dramatiq.actor(max_retries=0)
    def fail() -> None:
        raise ValueError("no such comment: 12")

    job = worked(broker, fail.send(), JobState.FAILED)

    assert job.error is not None
    assert ("ValueError", "no such comment: 12") == (job.error.kind, job.error.message)
    assert 'raise ValueError("no such comment: 12")' in job.error.traceback
    assert (1, 0) == (job.attempts_made, job.attempts_left)


def test_a_job_to_be_tried_again_shows_when_and_why(broker: JobBroker) -> None:
    """A retry is a delayed job that made attempts, with the last one's error."""

    @dramatiq.actor(max_retries=2, min_backoff=60_000)
    def fail() -> None:
        raise TimeoutError("no answer")

    job = worked(broker, fail.send(), JobState.DELAYED)

    assert (1, 2) == (job.attempts_made, job.attempts_left)
    assert job.due is not None
    assert job.due > datetime.now(UTC)
    assert job.error is not None
    assert ("TimeoutError", "no answer") == (job.error.kind, job.error.message)


def test_a_job_that_is_not_to_be_kept_leaves_no_record(broker: JobBroker) -> None:
    """Only the counter of done jobs knows of it."""
    actor = dramatiq.actor(actor_name="gone", remove_on_complete=True)(lambda: None)
    message = actor.send()
    end(broker, 1)

    assert get_job(broker, message.message_id) is None
    assert b"1" == broker.client.hget("dramatiq:{default}:meta", "done")


class OutageError(Exception):
    """As a database driver's: the sentence first, then where to read on."""


def test_a_job_being_retried_shows_why(broker: JobBroker) -> None:
    """Class and sentence of its last failure, by which it is found; once it is done, there is none."""
    away = threading.Event()
    away.set()

    @dramatiq.actor(max_retries=5, min_backoff=60_000)
    def store(comment_id: int) -> None:
        if away.is_set():
            raise OutageError('(2003, "Can\'t connect")\n(Background on this error at: https://example.org)')

    message = store.send(12)
    with working(broker):
        until(lambda: record(broker, message.message_id).state is JobState.DELAYED)
        job = record(broker, message.message_id)
        assert job.error is not None
        assert "OutageError" == job.error.kind
        assert job.error.message.startswith('(2003, "Can\'t connect")\n')
        assert [job.id] == [one.id for one in find(broker, JobFilter(error="OutageError")).jobs]
        delayed = JobFilter(error="OutageError", states=(JobState.DELAYED,))
        assert 1 == count(broker, delayed)
        away.clear()
        promote(broker, delayed)
        until(lambda: record(broker, message.message_id).state is JobState.DONE)
    assert record(broker, message.message_id).error is None
    assert 0 == count(broker, JobFilter(error="OutageError"))


def test_a_job_over_its_limit_says_the_limit(broker: JobBroker) -> None:
    """And how long it ran, which is longer where it could not be interrupted."""

    @dramatiq.actor(max_retries=0, time_limit=200)
    def endless() -> None:
        while True:
            time.sleep(0.01)

    job = worked(broker, endless.send(), JobState.FAILED)

    assert job.error is not None
    assert "TimeLimitExceeded" == job.error.kind
    assert re.fullmatch(r"it ran for [\d.]+ s, its time limit is 0\.2 s", job.error.message)
