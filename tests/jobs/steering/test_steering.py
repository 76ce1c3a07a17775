"""What an operator can do to jobs, and what is written of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import dramatiq
import pytest
from dramatiq import Actor

from osmod.jobs import steering
from osmod.jobs.broker import JobBroker
from osmod.jobs.queue import presence
from osmod.jobs.records.filters import JobFilter
from osmod.jobs.records.find import count, find
from osmod.jobs.records.reading import get_job
from osmod.jobs.states import JobState
from osmod.jobs.steering import audit
from tests.jobs.conftest import working
from tests.jobs.records.single import one, record
from tests.jobs.records.taking import end, taken
from tests.waiting import until


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


@pytest.mark.parametrize("act", [steering.retry, steering.delete])
def test_a_job_leaves_the_index_of_its_error(
    broker: JobBroker, actor: Actor[..., None], act: Callable[..., int]
) -> None:
    """Whoever asks for its error later need not look at it any more; others stay there."""
    broker.send_many([actor.message(number) for number in range(2)])
    first, second = end(broker, 2, TimeoutError("no answer"))
    index = "dramatiq:{default}:index:error:TimeoutError"
    assert {first.encode(), second.encode()} == set(broker.client.zrange(index, 0, -1))

    assert 1 == act(broker, one(first))
    assert [second.encode()] == broker.client.zrange(index, 0, -1)


def test_a_job_stands_in_the_index_of_its_last_error_alone(
    broker: JobBroker, actor: Actor[..., None]
) -> None:
    """Failed again by another one, or cancelled while it waits to be tried again."""
    actor.send(1)
    end(broker, 1, TimeoutError("no answer"))
    steering.retry(broker, JobFilter())
    (again,) = end(broker, 1, ValueError("bad"))
    assert [] == find(broker, JobFilter(error="TimeoutError")).jobs
    indexes = list(broker.client.scan_iter(match="*index:error:*"))
    assert [b"dramatiq:{default}:index:error:ValueError"] == indexes

    job = one(again)
    steering.retry(broker, job)
    broker.client.hset(f"dramatiq:{{default}}:job:{again}", "error", "KeyError: 7")
    broker.client.zadd("dramatiq:{default}:index:error:KeyError", {again: 1})
    steering.cancel(broker, job)
    assert [] == list(broker.client.scan_iter(match="*index:error:*"))


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
    other = dramatiq.actor(actor_name="other", queue_name="other")(lambda: None)
    kept = other.send().message_id
    broker.send_many([actor.message(number) for number in range(300)])
    end(broker, 20)

    assert 300 == steering.purge(broker, "default", by="ann@desk")

    assert [kept] == [job.id for job in find(broker).jobs]
    assert [("ann@desk", "purge", "queue=default", 300)] == acts(broker)


def test_a_paused_queue_starts_nothing(broker: JobBroker) -> None:
    """Until it is resumed; both are written down once."""
    ran: list[int] = []
    actor = dramatiq.actor(actor_name="work")(lambda: ran.append(1))
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


def test_a_message_that_cannot_be_read_is_retried_as_it_is(
    broker: JobBroker, actor: Actor[..., None]
) -> None:
    """A newer version may read it; nothing of it is lost."""
    message = actor.send(1)
    key = f"dramatiq:{{default}}:job:{message.message_id}"
    end(broker, 1, ValueError("bad"))
    broker.client.hset(key, "message", b'{"of another": "form"}')

    assert 1 == steering.retry(broker, one(message.message_id))
    assert b'{"of another": "form"}' == broker.client.hget(key, "message")


def test_an_act_on_one_job_holds_to_the_times_asked_for(broker: JobBroker, actor: Actor[..., None]) -> None:
    """An id does not outweigh the other conditions."""
    message = actor.send(1)
    tomorrow = datetime.now(UTC) + timedelta(days=1)

    assert 0 == steering.delete(broker, JobFilter(ids=(message.message_id,), since=tomorrow))
    assert record(broker, message.message_id).state is JobState.WAITING


def test_jobs_line_up_in_the_order_in_which_they_ended_or_are_due(
    broker: JobBroker, actor: Actor[..., None]
) -> None:
    """The oldest first, as they would have run; those that are named in the order of their names."""
    failed = [actor.send(number).message_id for number in range(3)]
    end(broker, 3, ValueError("bad"))
    moments = {job_id: 1_000 * time.time() + place for place, job_id in enumerate(failed)}
    broker.client.zadd("dramatiq:{default}:failed", moments)
    delays = (60_000, 30_000, 90_000)
    delayed = [actor.send_with_options(args=(1,), delay=delay).message_id for delay in delays]
    assert 3 == steering.retry(broker, JobFilter())
    assert 3 == steering.promote(broker, JobFilter())

    assert [*failed, delayed[1], delayed[0], delayed[2]] == end(broker, 6, ValueError("bad"))
    assert 3 == steering.retry(broker, JobFilter(ids=tuple(reversed(failed))))
    assert failed[::-1] == end(broker, 3)


def test_a_retry_reads_the_message_alone(broker: JobBroker, actor: Actor[..., None]) -> None:
    """What else the record holds, and whether it can be shown, is nothing to it."""
    message = actor.send(1)
    end(broker, 1, ValueError("bad"))
    broker.client.hset(f"dramatiq:{{default}}:job:{message.message_id}", "log", b"no moment, no JSON")

    assert 1 == steering.retry(broker, JobFilter(error="ValueError"))


def test_deleted_jobs_leave_the_indexes(broker: JobBroker, accept: Actor[..., None]) -> None:
    """Nothing of them stays, in whatever index they stood; others stay there."""
    for number in range(300):
        accept.send(number)
    end(broker, 100, ValueError("no"))
    steering.delete(broker, JobFilter(states=(JobState.FAILED,)))
    indexes = list(broker.client.scan_iter(match="dramatiq:{default}:index:*"))
    assert indexes
    assert {0, 200} == {broker.client.zcard(index) for index in indexes} | {0}
    steering.purge(broker, "default")
    assert 0 == sum(broker.client.zcard(index) for index in indexes)


def test_an_act_that_was_confirmed_for_another_number(broker: JobBroker, actor: Actor[..., None]) -> None:
    """Does nothing, and writes down nothing: they are counted as they are found, not once more before."""
    broker.send_many([actor.message(number) for number in range(3)])
    with pytest.raises(steering.OtherNumber) as raised:
        steering.delete(broker, JobFilter(), course=steering.Course(confirmed=2))
    assert (3, 3) == (raised.value.found, count(broker))
    assert [] == acts(broker)
    assert 3 == steering.delete(broker, JobFilter(), course=steering.Course(confirmed=3))
