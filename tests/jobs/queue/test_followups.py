"""What hooks send at a job's end, where its own queue or Redis cannot be used."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import dramatiq
import pytest

from osmod.jobs.broker import JobBroker
from osmod.jobs.queue.followups import send_followups
from osmod.jobs.queue.job import Job
from osmod.jobs.records import get_job
from osmod.jobs.states import JobState
from tests.jobs.conftest import working
from tests.waiting import until


@pytest.mark.timed
def test_a_queue_that_takes_nothing_holds_up_its_own_senders_alone(
    make_broker: Callable[..., JobBroker],
) -> None:
    """The callback of a job goes to a queue whose keys another program spoilt: the job waits, all others end."""
    broker = make_broker(lease=1500)
    called: list[object] = []

    @dramatiq.actor(queue_name="spoilt")
    def on_success(message: object, result: object) -> None:
        called.append(message)

    @dramatiq.actor(on_success="on_success")
    def calls() -> None:
        """Has a callback."""

    @dramatiq.actor
    def plain() -> None:
        """Has none."""

    spoilt = broker.key_base("spoilt").decode() + "meta"
    broker.client.set(spoilt, "not ours")
    waits = calls.send().message_id
    others = [plain.send().message_id for _ in range(300)]

    def states(ids: list[str]) -> set[JobState | None]:
        return {(job.state if job else None) for job in (get_job(broker, one, "default") for one in ids)}

    with working(broker):
        until(lambda: states(others) == {JobState.DONE}, 10, "all others are done")
        assert {JobState.ACTIVE} == states([waits])
        broker.client.delete(spoilt)
        until(lambda: called, 10, "its callback runs")
        until(lambda: states([waits]) == {JobState.DONE}, 10, "it is done")
    assert 1 == len(called)


def test_each_is_sent_though_two_threads_send_them(
    broker: JobBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job that was leased again as it ended is noted under both leases: another thread may tell of the second one."""
    dramatiq.actor(actor_name="note")(lambda: None).send()
    consumer = broker.consume("default", prefetch=1, timeout=10)
    job = next(consumer)
    assert isinstance(job, Job)
    followups = [broker.sender.prepare(dramatiq.Message("default", "note", (), {}, {})) for _ in range(2)]
    job.followups = [(message, None) for message in followups]
    store = broker.sender.store

    def meanwhile(message: dramatiq.Message[object], *args: Any, **options: Any) -> Any:
        monkeypatch.setattr(broker.sender, "store", store)
        stored = store(message, *args, **options)
        send_followups(broker.sender, job)
        return stored

    monkeypatch.setattr(broker.sender, "store", meanwhile)
    send_followups(broker.sender, job)
    assert not job.followups
    for message in followups:
        assert get_job(broker, message.message_id, "default") is not None


def test_each_is_sent_though_another_thread_is_at_it(
    broker: JobBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the other has sent meanwhile counts, and no other one, which it has not."""
    dramatiq.actor(actor_name="note")(lambda: None).send()
    job = next(broker.consume("default", prefetch=1, timeout=10))
    assert isinstance(job, Job)
    first, second = (broker.sender.prepare(dramatiq.Message("default", "note", (), {}, {})) for _ in range(2))
    job.followups = [(first, None), (second, None)]
    store = broker.sender.store

    def meanwhile(message: dramatiq.Message[object], *args: Any, **options: Any) -> Any:
        if message is first and job.followups:
            del job.followups[0]  # By the other, which is at the second one now.
        return store(message, *args, **options)

    monkeypatch.setattr(broker.sender, "store", meanwhile)
    send_followups(broker.sender, job)
    assert get_job(broker, second.message_id, "default") is not None
