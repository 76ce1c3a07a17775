"""The bridge in a worker process lives as long as the jobs there."""

from __future__ import annotations

import threading

import dramatiq
from dramatiq import Worker

from osmod.jobs.broker import JobBroker
from osmod.kue.in_worker import BridgeInWorker
from osmod.kue.keys import KueQueue
from tests.kue.test_attacks import put
from tests.redis_servers import Server
from tests.waiting import until


def test_a_job_that_ends_while_the_worker_stops(server: Server, broker: JobBroker, kue: KueQueue) -> None:
    """Kue is told of it at once, and nothing else is taken any more."""
    running, released = threading.Event(), threading.Event()

    @dramatiq.actor(actor_name="note")
    def note() -> None:
        running.set()
        released.wait(120)

    bridge = BridgeInWorker(server.url, "q")
    broker.add_middleware(bridge)
    worker = Worker(broker, worker_threads=1)
    worker.start()
    put(kue, 1)
    assert running.wait(120)
    stopping = threading.Thread(target=worker.stop)
    stopping.start()
    until(lambda: "kue-taker" not in {one.name for one in threading.enumerate()}, what="it takes no more")
    put(kue, 2)
    released.set()
    stopping.join()
    assert b"complete" == kue.client.hget(kue.job(1), "state")
    assert b"inactive" == kue.client.hget(kue.job(2), "state")
    assert {"kue", "kue-teller"}.isdisjoint(one.name for one in threading.enumerate())
