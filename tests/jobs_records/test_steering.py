"""What an operator can do to jobs, and what is written of it."""

from __future__ import annotations

import threading
import time

import dramatiq
import pytest
from dramatiq import Actor

from osmod.jobs import steering
from osmod.jobs.broker import JobBroker
from osmod.jobs.middleware.control import JobControl
from osmod.jobs.queue import presence
from osmod.jobs.records.filters import JobFilter
from osmod.jobs.records.find import count, find
from osmod.jobs.records.reading import get_job
from osmod.jobs.records.record import JobRecord
from osmod.jobs.states import JobState
from osmod.jobs.steering import audit
from tests.jobs.conftest import working
from tests.jobs_records.taking import end, taken
from tests.waiting import until


@pytest.fixture
def actor(broker: JobBroker) -> Actor[..., None]:
    """An actor of one argument, without retries."""

    @dramatiq.actor(actor_name="acceptComments", max_retries=0)
    def accept(comment_id: int) -> None:
        """Nothing runs here."""

    return accept


def record(broker: JobBroker, job_id: str) -> JobRecord:
    found = get_job(broker, job_id)
    assert found is not None
    return found


def one(job_id: str) -> JobFilter:
    return JobFilter(ids=(job_id,))


def acts(broker: JobBroker) -> list[tuple[str, str, str, int]]:
    return [(act.who, act.act, act.what, act.count) for act in audit.audit_log(broker)]


def test_a_failed_job_runs_again_with_all_its_attempts(broker: JobBroker) -> None:
    """Nothing of its failed runs is held against it."""
    runs: list[int] = []

    @dramatiq.actor(max_retries=1, min_backoff=1, max_backoff=1)
    def work() -> None:
        runs.append(1)
        if len(runs) < 4:
            raise ValueError("not yet")

    message = work.send()
    with working(broker):
        until(lambda: record(broker, message.message_id).state is JobState.FAILED)
        assert 1 == steering.retry(broker, one(message.message_id), by="ann@desk")
        until(lambda: record(broker, message.message_id).state is JobState.DONE)

    assert 4 == len(runs)
    job = record(broker, message.message_id)
    assert (2, None) == (job.attempts_made, job.error)
    assert [("ann@desk", "retry", f"id={message.message_id}", 1)] == acts(broker)


def test_all_that_match_are_retried_and_no_others(broker: JobBroker, actor: Actor[..., None]) -> None:
    """The count asked first is the count done; the audit log has one line for all."""
    broker.send_many([actor.message(number) for number in range(450)])
    end(broker, 440, TimeoutError("no answer"))
    end(broker, 10, ValueError("bad"))
    wanted = JobFilter(error="TimeoutError")

    assert 440 == count(broker, steering.affected(wanted, steering.RETRIABLE))
    assert 440 == steering.retry(broker, wanted, by="ann@desk")

    assert 440 == count(broker, JobFilter(states=(JobState.WAITING,)))
    assert 10 == count(broker, JobFilter(states=(JobState.FAILED,)))
    assert [("ann@desk", "retry", "error=TimeoutError", 440)] == acts(broker)


def test_a_retry_leaves_alone_what_did_not_fail(broker: JobBroker, actor: Actor[..., None]) -> None:
    """A waiting job is not doubled, and an act on nothing is not written down."""
    message = actor.send(1)

    assert 0 == steering.retry(broker, one(message.message_id))
    assert 0 == steering.retry(broker, JobFilter(states=(JobState.WAITING,)))
    assert [] == acts(broker)


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
        started.set()
        try:
            for _ in range(2000):
                time.sleep(0.01)
        finally:
            cleaned.set()

    message = work.send()
    with working(broker):
        assert started.wait(10)
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
        release.wait(20)

    first = work.send(1).message_id
    with working(broker, threads=1):
        until(lambda: ran)
        second = work.send(2).message_id
        until(lambda: record(broker, second).state is JobState.ACTIVE)
        steering.cancel(broker, one(second))
        until(lambda: record(broker, second).cancelling)
        control = next(one for one in broker.middleware if isinstance(one, JobControl))
        until(lambda: second in control.unwanted)
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


def test_a_delayed_job_is_promoted(broker: JobBroker, actor: Actor[..., None]) -> None:
    """It waits like one just sent."""
    message = actor.send_with_options(args=(1,), delay=3_600_000)

    assert 1 == steering.promote(broker, one(message.message_id))
    assert 0 == steering.promote(broker, one(message.message_id))
    assert [message.message_id] == end(broker, 1)


def test_another_priority_changes_the_order(broker: JobBroker, actor: Actor[..., None]) -> None:
    """Among those of the priority jobs stand as they came, those of priority 0 and below, too."""
    sent = [actor.send_with_options(args=(number,), priority=-5).message_id for number in range(4)]

    assert 2 == steering.prioritise(broker, JobFilter(ids=(sent[2], sent[1])), "critical")
    assert -15 == record(broker, sent[1]).priority

    assert [sent[1], sent[2], sent[0], sent[3]] == [end(broker, 1)[0] for _ in range(4)]


def test_jobs_are_deleted_but_running_ones(broker: JobBroker, actor: Actor[..., None]) -> None:
    """A deleted job leaves no record."""
    running = actor.send(1).message_id
    with taken(broker, 1):
        gone = [actor.send(2).message_id, actor.send_with_options(args=(3,), delay=60_000).message_id]

        assert 2 == steering.delete(broker, JobFilter())

        assert [None, None] == [get_job(broker, job_id) for job_id in gone]
        assert record(broker, running).state is JobState.ACTIVE


def test_a_purge_touches_one_queue(broker: JobBroker, actor: Actor[..., None]) -> None:
    """Whatever the state; other queues keep theirs."""
    other = dramatiq.actor(lambda: None, actor_name="other", queue_name="other")
    kept = other.send().message_id
    broker.send_many([actor.message(number) for number in range(300)])
    end(broker, 20)

    assert 300 == steering.purge(broker, "default", by="ann@desk")

    assert [kept] == [job.id for job in find(broker).jobs]
    assert [("ann@desk", "purge", "queue=default", 300)] == acts(broker)


def test_a_paused_queue_starts_nothing(broker: JobBroker) -> None:
    """Until it is resumed; both are written down once."""
    ran: list[int] = []
    actor = dramatiq.actor(lambda: ran.append(1), actor_name="work")
    assert steering.pause(broker, "default", by="ann@desk")
    assert not steering.pause(broker, "default", by="ann@desk")
    actor.send()
    with working(broker):
        until(lambda: presence.workers(broker))
        assert [] == ran
        assert steering.resume(broker, "default", by="bob@desk")
        until(lambda: ran)
    assert not steering.resume(broker, "default")

    assert [("bob@desk", "resume", "queue=default", 1), ("ann@desk", "pause", "queue=default", 1)] == acts(
        broker
    )


def test_who_acts_is_known_without_saying(broker: JobBroker) -> None:
    """The operating system's user and the machine; the log of acts expires."""
    steering.pause(broker, "default")

    assert audit.whoever_asks() == audit.audit_log(broker, queue="default")[0].who
    assert broker.client.pttl("dramatiq:{default}:audit") > 0
    steering.resume(broker, "default")


def test_secrets_do_not_stand_in_the_audit_log(broker: JobBroker) -> None:
    """Though the operator typed them to find the job."""

    @dramatiq.actor(sensitive=("text",))
    def score(text: str) -> None:
        """Nothing runs here."""

    score.send("you are all fools")

    assert 1 == steering.delete(broker, JobFilter(arguments={"text": "you are all fools"}))
    assert 'text="•••"' in audit.audit_log(broker)[0].what


def test_a_cancelled_job_that_fails_otherwise_is_cancelled_all_the_same(broker: JobBroker) -> None:
    """Whatever it makes of the interruption, it is not run again."""
    started = threading.Event()

    @dramatiq.actor(max_retries=5, min_backoff=1)
    def work() -> None:
        started.set()
        try:
            for _ in range(2000):
                time.sleep(0.01)
        except BaseException:  # noqa: BLE001 - as careless actors do
            raise ValueError("disturbed") from None

    message = work.send()
    with working(broker):
        assert started.wait(10)
        steering.cancel(broker, one(message.message_id))
        until(lambda: record(broker, message.message_id).state is JobState.CANCELLED)

    assert 0 == broker.do_qsize("default")
