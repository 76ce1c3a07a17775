"""How many jobs a worker takes in stock: Dramatiq's number, and more while jobs are brisk."""

from __future__ import annotations

import threading
from typing import Any

import dramatiq
import pytest

from osmod.jobs.broker import JobBroker
from osmod.jobs.worker import consumer
from osmod.jobs.worker.workqueue import MOST_AHEAD
from tests.jobs.conftest import working
from tests.waiting import until

pytestmark = pytest.mark.timed

THREADS = 4
PREFETCH = 2 * THREADS  # Dramatiq's default.


def _held(broker: JobBroker) -> int:
    size: Any = broker.client.zcard(broker.key_base("default") + b"active")
    return int(size)


@pytest.fixture
def gate(broker: JobBroker) -> threading.Event:
    """What the jobs of the actor `slow` wait for."""
    gate = threading.Event()
    dramatiq.actor(actor_name="brisk")(lambda: None)
    dramatiq.actor(actor_name="slow")(lambda number: gate.wait(120))
    return gate


def _busy(broker: JobBroker) -> list[int]:
    work_queue = broker.lifecycle.work_queue
    return work_queue.busy_threads() if work_queue is not None else []


def _send(broker: JobBroker, *, brisk: int, slow: int) -> list[str]:
    """Queue brisk jobs, and slow ones behind them. Returns the ids of the slow ones."""
    quick = [broker.get_actor("brisk").message() for _ in range(brisk)]
    long = [broker.get_actor("slow").message(number) for number in range(slow)]
    broker.send_many([*quick, *long])
    return [message.message_id for message in long]


def test_a_worker_holds_as_many_jobs_as_dramatiq_documents(broker: JobBroker, gate: threading.Event) -> None:
    """Twice its threads, running jobs included."""
    _send(broker, brisk=0, slow=4 * PREFETCH)
    with working(broker, threads=THREADS):
        until(lambda: len(_busy(broker)) == THREADS)
        until(lambda: _held(broker) == PREFETCH)
        gate.set()
        broker.join("default")


def test_brisk_jobs_are_fetched_further_ahead(
    broker: JobBroker, gate: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fetching them costs more than running them."""
    wanted: list[int] = []
    exchange = consumer.JobConsumer._exchange

    def noted(self: consumer.JobConsumer, want: int) -> None:
        wanted.append(want)
        exchange(self, want)

    monkeypatch.setattr(consumer.JobConsumer, "_exchange", noted)
    _send(broker, brisk=4_000, slow=0)
    with working(broker, threads=THREADS):
        broker.join("default")

    assert wanted[0] == PREFETCH
    assert 2 * PREFETCH < max(wanted) <= PREFETCH + MOST_AHEAD


def test_what_was_fetched_too_far_ahead_goes_back_to_its_place(
    broker: JobBroker, gate: threading.Event
) -> None:
    """When slow jobs follow brisk ones, other workers must not wait for those that this one cannot start."""
    slow = _send(broker, brisk=2_000, slow=3 * MOST_AHEAD)
    with working(broker, threads=THREADS):
        until(lambda: len(_busy(broker)) == THREADS)
        until(lambda: _held(broker) == PREFETCH)
        ready: Any = broker.client.zrange(broker.key_base("default") + b"ready", 0, -1)
        assert [one.decode() for one in ready] == slow[PREFETCH:]
        gate.set()
        broker.join("default")


def test_a_prefetch_set_by_hand_is_kept(
    broker: JobBroker, gate: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`dramatiq_queue_prefetch` is what its name says, however brisk the jobs."""
    monkeypatch.setattr(consumer, "QUEUE_PREFETCH", PREFETCH)
    held: list[int] = []
    exchange = consumer.JobConsumer._exchange

    def noting(self: consumer.JobConsumer, want: int) -> None:
        exchange(self, want)
        held.append(self.outstanding_message_count)

    monkeypatch.setattr(consumer.JobConsumer, "_exchange", noting)
    _send(broker, brisk=4_000, slow=0)
    with working(broker, threads=THREADS):
        broker.join("default")

    assert 1 < max(held) <= PREFETCH
