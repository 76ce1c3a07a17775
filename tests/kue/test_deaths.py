"""Whenever the bridge is killed, each job runs once and Kue is told once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter, defaultdict
from functools import partial
from typing import Any

import dramatiq
import pytest

from osmod.jobs.broker import JobBroker
from osmod.kue.bridge import Bridge
from osmod.kue.keys import KueQueue
from tests.jobs.conftest import working
from tests.kue.dying import STEPS
from tests.kue.stand_in import queue_job
from tests.redis_servers import Server
from tests.waiting import until

JOBS = 20
#: The next bridge, which takes up what the dead one left sooner than others, and does the same.
Next = partial(Bridge, grace=0.5, look_again=0.5)


def completes(listener: Any) -> list[int]:
    """The ids of the jobs that were published as complete."""
    found = []
    while message := listener.get_message(timeout=0.2):
        if message["type"] == "message" and (event := json.loads(message["data"]))["event"] == "complete":
            found.append(event["id"])
    return found


@pytest.mark.parametrize("shared_server", ["valkey"], indirect=True)
@pytest.mark.parametrize("step", STEPS)
def test_killed_at_a_step(server: Server, broker: JobBroker, kue: KueQueue, step: str) -> None:
    """The next bridge finishes what it began."""
    ran: list[int] = []

    @dramatiq.actor(actor_name="note")
    def note(number: int) -> None:
        ran.append(number)

    ids = [queue_job(kue, "note", {"number": number}, removeOnComplete="") for number in range(JOBS)]
    environment = {**os.environ, "KUE_TEST_URL": server.url}
    listener = kue.client.pubsub()
    listener.subscribe(kue.events)
    with working(broker):
        died = subprocess.run([sys.executable, "-m", "tests.kue.dying", step], env=environment, timeout=300)
        assert -signal.SIGKILL == died.returncode
        bridge = Next(broker, kue)
        bridge.start()
        try:
            until(lambda: JOBS == kue.client.zcard(kue.state("complete")), 30, "all are complete")
        finally:
            assert bridge.stop()
    assert list(range(JOBS)) == sorted(ran)
    published = completes(listener)
    listener.close()
    assert sorted(ids) == sorted(published)
    assert 0 == kue.client.zcard(kue.taken) + kue.client.zcard(kue.held)
    assert [[b"1", b"1"]] * JOBS == [kue.client.hmget(kue.job(one), "osmod_claim", "attempts") for one in ids]


@pytest.mark.parametrize("shared_server", ["valkey"], indirect=True)
def test_told_once_in_order(server: Server, broker: JobBroker, kue: KueQueue) -> None:
    """Of jobs that fail twice each beginning and end is published once, while bridges die and two go on."""
    tried: Counter[int] = Counter()

    @dramatiq.actor(actor_name="note")
    def note(number: int) -> None:
        tried[number] += 1
        if tried[number] < 3:
            raise ValueError(f"no {tried[number]}")

    backoff = '{"type": "fixed", "delay": 200}'
    for number in range(100):
        queue_job(kue, "note", {"number": number}, removeOnComplete="", max_attempts=3, backoff=backoff)
    listener = kue.client.pubsub()
    listener.subscribe(kue.events)
    environment = {**os.environ, "KUE_TEST_URL": server.url}
    with working(broker):
        for step in ("after tell", "before tell", "after tell"):
            died = subprocess.run(
                [sys.executable, "-m", "tests.kue.dying", step], env=environment, timeout=300
            )
            assert -signal.SIGKILL == died.returncode
        bridges = [Next(broker, KueQueue(kue.client)) for _ in range(2)]
        for bridge in bridges:
            bridge.start()
        try:
            until(lambda: 100 == kue.client.zcard(kue.state("complete")), 30, "all are complete")
        finally:
            assert [True, True] == [bridge.stop() for bridge in bridges]
    heard: dict[int, list[str]] = defaultdict(list)
    while message := listener.get_message(timeout=0.2):
        if message["type"] == "message":
            event = json.loads(message["data"])
            heard[event["id"]].append(event["event"])
    listener.close()
    once = ("start", "error", "failed attempt")
    assert {(*once, *once, "start", "complete"): 100} == Counter(map(tuple, heard.values()))
