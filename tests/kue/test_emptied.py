"""A Redis of Kue's that is emptied, in which ids begin at 1 again."""

from __future__ import annotations

import dramatiq

from osmod.jobs.broker import JobBroker
from osmod.kue.keys import KueQueue
from osmod.kue.taking import Taker
from osmod.kue.telling import Teller
from tests.found import only
from tests.jobs.conftest import working
from tests.kue.stand_in import queue_job
from tests.waiting import until


def test_another_job_of_the_same_id(broker: JobBroker, kue: KueQueue) -> None:
    """How the old one ended is not told of the new one, though both are the first claim of job 1."""
    ran: list[str] = []

    @dramatiq.actor(actor_name="note")
    def note(text: str) -> None:
        ran.append(text)

    queue_job(kue, "note", {"text": "old"}, created_at=1_795_000_000_000)
    taker, teller = Taker(broker, kue), Teller(broker, kue)
    taker.take()
    old = only(kue.client.zrange(kue.held, 0, -1))
    kue.client.delete(*kue.client.keys("q:*"))
    with working(broker):
        until(lambda: ran == ["old"], what="it ran")
        broker.join("default")
    again = queue_job(kue, "note", {"text": "new"}, created_at=1_795_000_000_001)
    taker.take()
    kue.client.zadd(kue.held, {old: 1})
    until(
        lambda: teller.look(0.0) and kue.client.zscore(kue.held, old) is None, what="the old one is looked at"
    )
    assert b"active" == kue.client.hget(kue.job(again), "state")
    with working(broker):
        until(lambda: ran == ["old", "new"], what="the new one ran")
        broker.join("default")
    teller.look(0.0)
    assert not kue.client.exists(kue.job(again)), "it is complete, and removed"
