"""Figures that only make sense for this queue: what an idle worker costs, and what a million jobs do."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import dramatiq
import psutil
import redis

from benchmarks.queue.peers import ROOT
from osmod.jobs.broker import JobBroker
from tests.jobs.servers import binaries, running

_IDLE_APP = """
import os, dramatiq
from osmod.jobs.broker import JobBroker
broker = JobBroker(url=os.environ["REDIS_URL"])
dramatiq.set_broker(broker)
for name in ("one", "two", "three", "four"):
    dramatiq.actor(lambda: None, actor_name=name, queue_name=name)
"""


def idle(url: str, seconds: float = 20.0) -> tuple[float, float]:
    """An idle worker process with four queues: commands a second, and its share of a core."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "idle_app.py").write_text(_IDLE_APP)
        environment = os.environ | {"REDIS_URL": url, "PYTHONPATH": f"{ROOT}{os.pathsep}{folder}"}
        command = [sys.executable, "-m", "dramatiq", "idle_app", "-p", "1", "-t", "8"]
        pool = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
        try:
            time.sleep(4)
            worker = psutil.Process(pool.pid).children()[0]
            client = redis.Redis.from_url(url)
            commands, used, began = _commands(client), sum(worker.cpu_times()[:2]), time.monotonic()
            time.sleep(seconds)
            elapsed = time.monotonic() - began
            return (_commands(client) - commands) / elapsed, (sum(worker.cpu_times()[:2]) - used) / elapsed
        finally:
            pool.terminate()
            pool.wait(30)


def _commands(client: redis.Redis) -> int:
    stats = client.info("commandstats")
    return sum(stats.get(f"cmdstat_{name}", {"calls": 0})["calls"] for name in ("evalsha", "blpop"))


def scale(sizes: tuple[int, int] = (1_000, 1_000_000), times: int = 1000) -> dict[int, dict[str, float]]:
    """With so many jobs waiting: microseconds to enqueue one, to fetch and settle one, and bytes a job.

    Each size has a server of its own, and they take turns call by call, so that whatever the machine does
    meanwhile hits them alike.
    """
    with ExitStack() as stack:
        queues = {size: stack.enter_context(_filled(size)) for size in sizes}
        took: dict[int, dict[str, list[float]]] = {size: defaultdict(list) for size in sizes}
        for _ in range(times):
            for size, queue in queues.items():
                took[size]["enqueue"].append(_micros(queue.actor.send))
                took[size]["fetch and ack"].append(_micros(queue.fetch))
        return {
            size: {name: statistics.median(values) for name, values in took[size].items()}
            | {"bytes": queues[size].bytes}
            for size in sizes
        }


class _Queue:
    """A queue with jobs waiting in it."""

    def __init__(self, url: str, size: int) -> None:
        broker = JobBroker(url=url)
        self.actor = dramatiq.actor(lambda: None, actor_name="noop", broker=broker)
        before = broker.client.info("memory")["used_memory"]
        for at in range(0, size, 10_000):
            broker.send_many([self.actor.message() for _ in range(min(size - at, 10_000))])
        self.bytes = (broker.client.info("memory")["used_memory"] - before) / size
        self._consumer = broker.consume("default", prefetch=1, timeout=100)
        self._broker = broker

    def fetch(self) -> None:
        """Fetch a job; that the one before it is done travels with the call."""
        job = next(self._consumer)
        assert job is not None
        self._consumer.ack(job)

    def close(self) -> None:
        """Disconnect."""
        self._consumer.close()
        self._broker.close()


@contextmanager
def _filled(size: int) -> Iterator[_Queue]:
    with running(next(iter(binaries().values())), "--appendonly", "no") as server:
        queue = _Queue(server.url, size)
        yield queue
        queue.close()


def _micros(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return (time.perf_counter() - began) * 1e6
