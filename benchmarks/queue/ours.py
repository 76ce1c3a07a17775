"""Figures of this queue alone: what an idle worker costs, how soon a dead one's job runs, what a million jobs do."""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import dramatiq
import psutil
import redis

from benchmarks.queue.peers import ROOT
from osmod.jobs.broker import JobBroker
from osmod.jobs.presence import workers
from tests.jobs.servers import binaries, running
from tests.jobs.waiting import until

_IDLE_APP = """
import os, dramatiq
from osmod.jobs.broker import JobBroker
broker = JobBroker(url=os.environ["REDIS_URL"])
dramatiq.set_broker(broker)
for name in ("one", "two", "three", "four"):
    dramatiq.actor(lambda: None, actor_name=name, queue_name=name)
"""


_HOLDING_APP = """
import os, time, dramatiq
from osmod.jobs.broker import JobBroker
broker = JobBroker(url=os.environ["REDIS_URL"])
dramatiq.set_broker(broker)
@dramatiq.actor
def hold(starts):
    with open(starts, "a") as file:
        print(time.monotonic(), file=file, flush=True)
    time.sleep(120)
"""
#: Seconds within which worker processes have started, or a job has started again.
_PATIENCE = 60.0


def idle(url: str, seconds: float = 20.0) -> tuple[float, float]:
    """An idle worker process with four queues: commands a second, and its share of a core."""
    with _pool(_IDLE_APP, url, threads=8) as pool:
        time.sleep(4)
        worker = psutil.Process(pool.pid).children()[0]
        client = redis.Redis.from_url(url)
        commands, used, began = _commands(client), sum(worker.cpu_times()[:2]), time.monotonic()
        time.sleep(seconds)
        elapsed = time.monotonic() - began
        return (_commands(client) - commands) / elapsed, (sum(worker.cpu_times()[:2]) - used) / elapsed


def recoveries(url: str, times: int) -> list[float]:
    """Seconds from the SIGKILL of a worker, all its processes, to the start of its job on another."""
    return [_recovery(url) for _ in range(times)]


def _recovery(url: str) -> float:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "starts")
        file.touch()

        def starts() -> list[float]:
            return [float(line) for line in file.read_text().split()]

        broker = JobBroker(url=url)
        broker.client.flushall()
        hold = dramatiq.actor(lambda starts: None, actor_name="hold", broker=broker)
        with _pool(_HOLDING_APP, url) as victim:
            hold.send(str(file))
            until(starts, _PATIENCE, "a worker has begun the job")
            with _pool(_HOLDING_APP, url):
                until(lambda: len(workers(broker)) == 2, _PATIENCE, "another worker has started")
                os.killpg(victim.pid, signal.SIGKILL)
                killed = time.monotonic()
                until(lambda: len(starts()) == 2, _PATIENCE, "its job runs elsewhere")
        broker.close()
        return starts()[1] - killed


@contextmanager
def _pool(app: str, url: str, threads: int = 1) -> Iterator[subprocess.Popen[bytes]]:
    """`dramatiq` with one worker process for an app's source; killed at the end, whatever it does."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "app.py").write_text(app)
        environment = os.environ | {"REDIS_URL": url, "PYTHONPATH": f"{ROOT}{os.pathsep}{folder}"}
        command = [sys.executable, "-m", "dramatiq", "app", "-p", "1", "-t", str(threads)]
        pool = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL, start_new_session=True)
        try:
            yield pool
        finally:
            with suppress(ProcessLookupError):
                os.killpg(pool.pid, signal.SIGKILL)
            pool.wait()


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
