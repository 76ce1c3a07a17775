"""Figures of this queue alone: what an idle worker costs, how soon a dead one's job runs, what a million jobs do."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import dramatiq
import redis
from dramatiq import Message

from osmod.jobs.broker import JobBroker
from osmod.jobs.queue.custody import DEFAULT_LEASE
from osmod.jobs.queue.presence import workers
from tests.chaos.pools import Pool
from tests.redis_servers import binaries, running
from tests.waiting import until

#: Seconds within which worker processes have started, or a job has started again.
_PATIENCE = 60.0


class _IdlePool(Pool):
    """`dramatiq benchmarks.queue.idle_app`."""

    module = "benchmarks.queue.idle_app"


def idle(url: str, seconds: float = 20.0) -> tuple[float, float]:
    """An idle worker process with four queues: commands a second, and its share of a core."""
    with (
        redis.Redis.from_url(url) as client,
        _log() as log,
        _running(_IdlePool(url, log, "-t", "8")) as pool,
    ):
        until(lambda: client.info("clients")["blocked_clients"] == 4, _PATIENCE, "its consumers sleep")
        worker = pool.workers[0]
        commands, used, began = _commands(client), sum(worker.cpu_times()[:2]), time.monotonic()
        time.sleep(seconds)
        elapsed = time.monotonic() - began
        return (_commands(client) - commands) / elapsed, (sum(worker.cpu_times()[:2]) - used) / elapsed


def recoveries(url: str, times: int) -> list[float]:
    """Seconds from the SIGKILL of a worker, all its processes, to the start of its job on another."""
    return [_recovery(url) for _ in range(times)]


def _recovery(url: str) -> float:
    with redis.Redis.from_url(url) as client, _log() as log, closing(JobBroker(url=url)) as broker:
        client.flushall()
        broker.enqueue(Message("default", "work", ("held", 120_000), {}, {}))

        def starts() -> list[float]:
            return [float(line.split()[-1]) for line in log.read_text().splitlines()]

        with _running(Pool(url, log, "-t", "1", lease=DEFAULT_LEASE)) as victim:
            until(starts, _PATIENCE, "a worker has begun the job")
            with _running(Pool(url, log, "-t", "1", lease=DEFAULT_LEASE)):
                until(lambda: len(workers(broker)) == 2, _PATIENCE, "another worker has started")
                victim.kill()
                killed = time.time()
                until(lambda: len(starts()) == 2, _PATIENCE, "its job runs elsewhere")
        return starts()[1] - killed


@contextmanager
def _log() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        log = Path(folder, "log")
        log.touch()
        yield log


@contextmanager
def _running(pool: Pool) -> Iterator[Pool]:
    try:
        yield pool
    finally:
        pool.kill()


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
