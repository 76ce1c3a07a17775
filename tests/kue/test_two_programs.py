"""Two Python programs at one queue of Kue's, each with actors and a queue of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable

import dramatiq
import pytest

from osmod.jobs.broker import JobBroker
from osmod.kue.bridge import Bridge
from osmod.kue.handing_over import drain
from osmod.kue.keys import KueQueue
from osmod.kue.taking import Taker
from osmod.kue.telling import Teller
from tests.kue.stand_in import queue_job


@pytest.fixture
def broker(make_broker: Callable[..., JobBroker]) -> JobBroker:
    """That of the program that runs `ours`."""
    made = make_broker()

    @dramatiq.actor(actor_name="ours", broker=made)
    def ours() -> None: ...

    return made


@pytest.fixture
def other(make_broker: Callable[..., JobBroker]) -> JobBroker:
    """That of the program that runs `theirs`."""
    made = make_broker(namespace="other")

    @dramatiq.actor(actor_name="theirs", broker=made)
    def theirs() -> None: ...

    return made


class Dying(Taker):
    """Claims jobs, and dies before it sends them."""

    def send(self, jobs: object) -> None:
        """Nothing is sent."""


def test_what_another_took_holds_nobody_up(broker: JobBroker, other: JobBroker, kue: KueQueue) -> None:
    """It is the other's to send; whoever has no actor for it goes on with its own."""
    for _ in range(250):
        queue_job(kue, "theirs", {})
    while Dying(other, kue).take()[0]:
        continue
    queue_job(kue, "ours", {})
    Dying(broker, kue).take()
    queue_job(kue, "ours", {})
    drained: list[int] = []
    draining = threading.Thread(target=lambda: drained.append(drain(broker, kue, ["ours"])), daemon=True)
    draining.start()
    draining.join(120)
    assert [1] == drained, "and one that was taken before"
    assert 2 == broker.do_qsize("default")
    assert 250 == kue.client.zcard(kue.taken)
    bridge = Bridge(broker, kue)
    bridge.start()
    assert bridge.stop()
    bridge.wait()


def test_what_another_holds_is_not_called_unknown(broker: JobBroker, other: JobBroker, kue: KueQueue) -> None:
    """It has no record here, and no actor: nothing is said of it, until Kue itself has it no more."""
    job_id = queue_job(kue, "theirs", {})
    Taker(other, kue).take()
    assert 0 == Teller(broker, kue).look(0)
    assert b"active" == kue.client.hget(kue.job(job_id), "state")
    assert 1 == kue.client.zcard(kue.held)
    kue.client.delete(kue.job(job_id))
    assert 1 == Teller(broker, kue).look(0)
    assert 0 == kue.client.zcard(kue.held)


def test_an_actor_that_moved_to_another_queue(broker: JobBroker, kue: KueQueue) -> None:
    """Jobs that were sent before lie where they were sent to, and are not called unknown."""
    job_id = queue_job(kue, "ours", {})
    Taker(broker, kue).take()
    broker.declare_queue("elsewhere")
    broker.actors["ours"].queue_name = "elsewhere"
    Teller(broker, kue).look(0)
    assert b"active" == kue.client.hget(kue.job(job_id), "state")


def test_large_jobs_come_few_at_a_time(broker: JobBroker, kue: KueQueue) -> None:
    """So many that an answer arrives in time: one that does not would be asked for again for ever."""
    for _ in range(9):
        queue_job(kue, "ours", {"text": "x" * 1_000_000})
    assert 4 == Taker(broker, kue).take()[0]
    dying = Dying(broker, kue)
    assert 4 == dying.take()[0]
    assert 4 == Taker(broker, kue).recover(0)
    assert 1 == Taker(broker, kue).take()[0]
    assert 9 == kue.client.zcard(kue.held)
