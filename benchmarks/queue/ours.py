"""Figures that only make sense for this queue: what an idle worker costs, and what a million jobs do."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import dramatiq
import psutil
import redis

from benchmarks.queue.peers import ROOT
from osmod.jobs.broker import JobBroker

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


def scale(url: str, sizes: tuple[int, int] = (1_000, 1_000_000)) -> dict[int, dict[str, float]]:
    """With so many jobs waiting: microseconds to enqueue one, to fetch and settle one, and bytes a job."""
    return {size: _at(url, size) for size in sizes}


def _at(url: str, size: int) -> dict[str, float]:
    client = redis.Redis.from_url(url)
    client.flushall()
    broker = JobBroker(url=url)
    dramatiq.set_broker(broker)
    broker.actors.clear()
    actor = dramatiq.actor(lambda: None, actor_name="noop")
    before = client.info("memory")["used_memory"]
    for _ in range(0, size, 10_000):
        broker.send_many([actor.message() for _ in range(min(size, 10_000))])
    memory = (client.info("memory")["used_memory"] - before) / size
    consumer = broker.consume("default", prefetch=1, timeout=100)

    def fetch() -> None:
        job = next(consumer)
        assert job is not None
        consumer.ack(job)

    figures = {"enqueue": _median_micros(actor.send), "fetch and ack": _median_micros(fetch), "bytes": memory}
    consumer.close()
    broker.close()
    client.flushall()
    return figures


def _median_micros(call: Callable[[], object], times: int = 500) -> float:
    took = []
    for _ in range(times):
        began = time.perf_counter()
        call()
        took.append(time.perf_counter() - began)
    return statistics.median(took) * 1e6
