"""A job's story: its runs, what sent it and what it sent, and where it stands in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import dramatiq
import pytest
from dramatiq import Actor

from osmod.jobs import steering
from osmod.jobs.broker import JobBroker
from osmod.jobs.queue.scripts import EXCHANGE
from osmod.jobs.records.filters import JobFilter
from osmod.jobs.records.find import count, every_id, find
from osmod.jobs.records.reading import get_job
from osmod.jobs.records.record import JobError, JobRecord, PastRun
from osmod.jobs.records.story import story, where_it_stands
from osmod.jobs.states import JobState
from tests.jobs.conftest import working
from tests.jobs.records.conftest import Run
from tests.jobs.records.taking import end, taken
from tests.waiting import until

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


def record(broker: JobBroker, job_id: str) -> JobRecord:
    found = get_job(broker, job_id)
    assert found is not None
    return found


def test_runs_that_failed_are_told(broker: JobBroker) -> None:
    """Each with its error, how long it took, where it ran, and when it was tried again; then how it ended."""
    runs: list[int] = []

    @dramatiq.actor(actor_name="flaky", max_retries=2, min_backoff=1, max_backoff=5, sensitive=("note",))
    def flaky(note: str) -> None:
        runs.append(1)
        raise TimeoutError(f"no answer {len(runs)} on {note}")

    sent = flaky.send("Hunter2").message_id
    with working(broker, threads=1):
        until(lambda: record(broker, sent).state is JobState.FAILED)

    job = record(broker, sent)
    steps = story(job)
    assert ["queued", "retried", "retried", "failed"] == [step.what for step in steps]
    assert [None, 1, 2, 3] == [step.attempt for step in steps]
    assert ["TimeoutError: no answer 1 on •••", "TimeoutError: no answer 2 on •••"] == [
        run.reason for run in job.past
    ]
    assert all(run.worker and run.worker.thread and run.wait is not None for run in job.past)
    assert all(run.duration is not None and run.duration < timedelta(minutes=1) for run in job.past)
    moments = [step.at for step in steps if step.at]
    assert moments == sorted(moments)
    assert "Failed at attempt 3, and is not tried again unless somebody has it retried." == where_it_stands(
        job, NOW
    )

    steering.retry(broker, JobFilter(ids=(sent,)), by="Ada")

    steps = story(record(broker, sent))
    assert ["queued", "retried", "retried", "failed", "again", "waiting"] == [step.what for step in steps]
    assert "Ada" == steps[4].reason
    assert "TimeoutError: no answer 3 on •••" == steps[3].reason
    assert steps[3].ended == job.finished


def test_runs_are_shown_on_the_command_line(broker: JobBroker, actor: Actor[..., None], run: Run) -> None:
    """`osmod jobs show`: those before the last, and who had it run again."""
    sent = actor.send(1).message_id
    end(broker, 1, TimeoutError("no answer"))
    steering.retry(broker, JobFilter(ids=(sent,)), by="Ada")

    shown = run("jobs", "show", sent).stdout

    assert "TimeoutError: no answer" in shown.partition("runs before")[2]
    assert "again  Ada" in shown


def test_a_lost_worker_is_told(broker: JobBroker, actor: Actor[..., None]) -> None:
    """Its lease ran out: the job is taken back, and its story says so."""
    sent = actor.send(1).message_id
    base, terms = broker.key_base("default"), broker.custody.terms
    EXCHANGE.run(broker.links, base, [*terms, b"host:12:a:1", b"1"])
    broker.client.zadd(base + b"active", {f"{sent} host:12:a:1": 1})
    EXCHANGE.run(broker.links, base, [*terms, b"host:13:a:2", b"1"])

    job = record(broker, sent)
    steps = story(job)
    assert ["queued", "lost", "running"] == [step.what for step in steps]
    assert [None, "host:12", "host:13"] == [step.worker and str(step.worker) for step in steps]


def test_what_is_kept_of_runs_is_bounded(broker: JobBroker, actor: Actor[..., None]) -> None:
    """Of a job that fails for weeks the last runs are kept, each whole."""
    sent = actor.send(1).message_id
    for _ in range(60):
        with taken(broker, 1) as (consumer, (job,)):
            job.stuff_exception(ValueError("ä" * 400))
            consumer.nack(job)
        steering.retry(broker, JobFilter(ids=(sent,)))

    size: Any = broker.client.hstrlen(f"{broker.key_base('default').decode()}job:{sent}", "past")
    assert size < 10_000
    assert 8 < len(record(broker, sent).past) < 60


def test_jobs_that_a_job_sent_are_found_by_it(broker: JobBroker) -> None:
    """Whatever their actor and queue, in lists, counts and acts; not those that others sent."""

    @dramatiq.actor(actor_name="child", queue_name="other")
    def child(number: int) -> None:
        """Nothing runs here: nobody works on its queue."""

    @dramatiq.actor(actor_name="parent")
    def parent() -> None:
        child.send(1)
        broker.send_many([child.message(2), child.message(3)])

    child.send(4)
    sent = parent.send().message_id
    with working(broker, threads=1, queues={"default"}):
        until(lambda: record(broker, sent).state is JobState.DONE)

    wanted = JobFilter(parent=sent)
    found = find(broker, wanted).jobs
    assert {1, 2, 3} == {job.arguments["number"] for job in found}
    assert {sent} == {job.parent for job in found}
    assert 3 == count(broker, wanted)
    assert {job.id for job in found} == {*every_id(broker, wanted)["other"]}
    assert 1 == count(broker, JobFilter(parent=sent, arguments={"number": 2}))
    assert record(broker, sent).parent is None


_RETRIED = PastRun("retried", NOW, NOW, reason="TimeoutError: no answer")


def _job(state: JobState, **known: Any) -> JobRecord:
    return JobRecord("1", "default", "a", state, {}, **known)


@pytest.mark.parametrize(
    ("job", "sentence"),
    [
        (_job(JobState.WAITING), "It waits for a worker that is free."),
        (
            _job(JobState.DELAYED, due=NOW + timedelta(minutes=3)),
            "It is to run in 3 minutes, as it was queued.",
        ),
        (
            _job(
                JobState.DELAYED,
                due=NOW + timedelta(minutes=3),
                attempts_made=4,
                attempts_left=9,
                past=(_RETRIED,) * 4,
            ),
            "Fails again and again, 4 times so far. The next try is in 3 minutes, of 9 that are left.",
        ),
        (
            _job(JobState.DELAYED, due=NOW, attempts_made=1, attempts_left=None, past=(_RETRIED,)),
            "It failed once. The next try is now.",
        ),
        (
            _job(JobState.DELAYED, due=NOW + timedelta(seconds=9), waits_for="perspective is away"),
            "Put off: perspective is away. It goes on in 9 seconds.",
        ),
        (
            _job(JobState.ACTIVE, started=NOW - timedelta(seconds=61), attempts_made=2, cancelling=True),
            "Runs for 1 minute and 1 second, attempt 2. It is being cancelled.",
        ),
        (_job(JobState.DONE, duration=timedelta(milliseconds=12)), "Done in 12 milliseconds."),
        (_job(JobState.CANCELLED, error=JobError("Cancelled", "by Ada")), "Cancelled: by Ada."),
    ],
)
def test_where_it_stands(job: JobRecord, sentence: str) -> None:
    """In one sentence, with what comes next and when."""
    assert sentence == where_it_stands(job, NOW)
