"""What is told of jobs, to whom, and when."""

from __future__ import annotations

from collections.abc import Iterator

import dramatiq

from osmod.jobs import current_job, events, steering
from osmod.jobs.broker import JobBroker
from osmod.jobs.events import JobEvent, JobEventKind
from osmod.jobs.records.filters import JobFilter
from tests.jobs.conftest import working
from tests.jobs.records.taking import taken


def upto(stream: Iterator[JobEvent], last: JobEventKind) -> list[JobEvent]:
    seen: list[JobEvent] = []
    for event in stream:
        seen.append(event)
        if event.kind is last:
            return seen
    raise AssertionError(f"{last} never came, but {[event.kind for event in seen]}")


def kinds(seen: list[JobEvent]) -> list[str]:
    return [event.kind.value for event in seen]


def test_a_job_is_told_of_from_its_sending_to_its_end(broker: JobBroker) -> None:
    """Enqueued, started, progress, completed, with the job's id and its actor."""

    @dramatiq.actor(sensitive=("text",))
    def score(text: str) -> None:
        current_job().progress(1, 2, f"half of {text}")

    stream = events(broker, seconds=300)
    message = score.send("a secret")
    with working(broker):
        seen = upto(stream, JobEventKind.COMPLETED)

    assert ["enqueued", "started", "progress", "completed"] == kinds(seen)
    assert {(message.message_id, "score", "default")} == {(one.job_id, one.actor, one.queue) for one in seen}
    assert seen[2].progress is not None
    assert (1, 2, "half of •••") == (seen[2].progress.done, seen[2].progress.total, seen[2].progress.message)


def test_a_failure_and_its_retries_are_told_of(broker: JobBroker) -> None:
    """With the delay until the next run, and the error's class."""

    @dramatiq.actor(max_retries=1, min_backoff=1, max_backoff=1)
    def fail() -> None:
        raise TimeoutError("no answer")

    stream = events(broker, ["default"], seconds=300)
    fail.send()
    with working(broker):
        seen = upto(stream, JobEventKind.FAILED)

    assert ["enqueued", "started", "retried", "started", "failed"] == kinds(seen)
    assert seen[2].delay is not None
    assert "TimeoutError" == seen[4].error


def test_cancelling_is_told_of(broker: JobBroker) -> None:
    """Of a waiting job at once, of a running one when it ended."""
    actor = dramatiq.actor(actor_name="work")(lambda: None)
    stream = events(broker, seconds=300)
    actor.send()
    with taken(broker, 1) as (consumer, jobs):
        waiting = actor.send().message_id
        steering.cancel(broker, JobFilter())
        consumer.requeue(jobs)
    seen = upto(stream, JobEventKind.CANCELLED) + upto(stream, JobEventKind.CANCELLED)

    assert [waiting, jobs[0].message_id] == [one.job_id for one in seen if one.kind is JobEventKind.CANCELLED]


def test_nothing_is_told_while_nobody_watches(broker: JobBroker) -> None:
    """No stream is kept, and a watcher that begins later is not told of what was before."""
    actor = dramatiq.actor(actor_name="work")(lambda: None)
    actor.send()
    assert not broker.client.exists("dramatiq:{default}:events")

    stream = events(broker, seconds=300)
    later = actor.send().message_id

    assert later == next(stream).job_id
    assert broker.client.pttl("dramatiq:{default}:events") > 0
    assert broker.client.pttl("dramatiq:{default}:watched") > 0


def test_watching_ends_when_asked(broker: JobBroker) -> None:
    """After so many seconds, events or not."""
    broker.declare_queue("default")

    assert [] == list(events(broker, seconds=0.05))
