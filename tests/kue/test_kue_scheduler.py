"""What kue-scheduler repeats runs here, like any other job."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import dramatiq

from osmod.kue.bridge import Bridge
from osmod.kue.keys import KueQueue
from tests.jobs.brokers import boot
from tests.jobs.conftest import working
from tests.kue.node import Node
from tests.redis_servers import Server
from tests.waiting import until


def test_a_repeating_job(kue_folder: Path, own_server: Callable[..., Server]) -> None:
    """What it writes into the data for itself is no argument, and each run is a run."""
    server = own_server()
    broker, kue, node = boot(url=server.url), KueQueue.at(server.url), Node(kue_folder, server.url)
    runs: list[int] = []

    @dramatiq.actor(actor_name="tick", broker=broker)
    def tick() -> None:
        runs.append(1)

    bridge = Bridge(broker, kue)
    bridge.start()
    try:
        with working(broker):
            node.start("repeat_jobs.js", "tick", "1 second").until(1)
            until(lambda: len(runs) >= 2, 30, "it has run twice")
    finally:
        bridge.stop()
        node.close()
        broker.close()
        kue.close()
    bridge.wait()
