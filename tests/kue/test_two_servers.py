"""Two Node programs, each with Kue in a Redis of its own under the same prefix; their jobs run in one queue here."""

from __future__ import annotations

from collections.abc import Callable

import dramatiq

from osmod.jobs.broker import JobBroker
from osmod.kue.bridge import Bridge
from osmod.kue.keys import KueQueue
from tests.jobs.conftest import working
from tests.kue.stand_in import queue_job
from tests.redis_servers import Server
from tests.waiting import until


def test_a_bridge_leaves_what_another_took(
    broker: JobBroker, kue: KueQueue, own_server: Callable[..., Server]
) -> None:
    """A job that is to be tried again is not gone from a Kue that never had it."""
    other = KueQueue.at(own_server().url)
    ran: list[int] = []

    @dramatiq.actor(actor_name="note")
    def note() -> None:
        ran.append(1)
        if len(ran) == 1:
            raise ValueError("the first time")

    job_id = queue_job(
        other, "note", {}, max_attempts=2, backoff='{"type": "fixed", "delay": 500}', removeOnComplete=""
    )
    bridges = [Bridge(broker, kue), Bridge(broker, other)]
    for bridge in bridges:
        bridge.start()
    with working(broker):
        until(
            lambda: other.client.hget(other.job(job_id), "state") in (b"complete", b"failed"), what="it ended"
        )
        assert [True, True] == [bridge.stop() for bridge in bridges]
    assert b"complete" == other.client.hget(other.job(job_id), "state")
    assert [1, 1] == ran
    other.close()
