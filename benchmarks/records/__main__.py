"""`python -m benchmarks.records [--jobs N]`: fill a Redis of its own, list and search, print ms a query."""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dramatiq

from benchmarks.records.filling import fill
from osmod.embedded import embedded_redis
from osmod.jobs.broker import JobBroker
from osmod.jobs.records.filters import JobFilter
from osmod.jobs.records.find import count, find
from osmod.jobs.records.names import ids_beginning
from osmod.jobs.records.reading import get_job
from osmod.jobs.states import JobState

REPEATS = 15


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.records", description=__doc__)
    parser.add_argument("--jobs", type=int, default=1_000_000, help="how many jobs (default: 1,000,000)")
    jobs = parser.parse_args().jobs
    with tempfile.TemporaryDirectory() as folder, embedded_redis(Path(folder)) as url:
        broker = JobBroker(url=url, keep_done=jobs)
        dramatiq.set_broker(broker)
        began = time.perf_counter()
        before = _memory(broker)
        filled = fill(broker, jobs)
        took = time.perf_counter() - began
        print(f"{jobs:,} jobs stored in {took:.0f} s, {(_memory(broker) - before) / jobs:.0f} bytes a job")
        ago = datetime.now(UTC) - timedelta(seconds=took / 10)
        second = find(broker).cursor
        queries: dict[str, Callable[[], Any]] = {
            "one job by its id": lambda: get_job(broker, filled.some_id),
            "the newest 50": lambda: find(broker),
            "the oldest 50": lambda: find(broker, oldest=True),
            "by the beginning of an id": lambda: ids_beginning(broker, filled.some_id[:8]),
            "the next 50": lambda: find(broker, cursor=second),
            "50 of a common actor": lambda: find(broker, JobFilter(actor="acceptComments")),
            "50 of a rare actor": lambda: find(broker, JobFilter(actor="heartbeat")),
            "failed, of an actor": lambda: find(
                broker, JobFilter(actor="acceptComments", states=(JobState.FAILED,))
            ),
            "failed by a rare error": lambda: find(broker, JobFilter(error="KeyError")),
            "comment_id=12, indexed": lambda: find(
                broker, JobFilter(actor="acceptComments", arguments={"comment_id": 12})
            ),
            "comment_id=12, any actor": lambda: find(broker, JobFilter(arguments={"comment_id": 12})),
            "user_id=3, not indexed": lambda: find(broker, JobFilter(arguments={"user_id": 3})),
            "sent before the middle": lambda: find(broker, JobFilter(states=(JobState.WAITING,), until=ago)),
            "how many wait": lambda: count(broker, JobFilter(states=(JobState.WAITING,))),
        }
        for name, query in queries.items():
            _print(name, query)
        exact = JobFilter(arguments={"user_id": 3})
        took, number = _timed(lambda: count(broker, exact))
        print(f"{'exact count, no index':28} {took:9.1f} ms                    {number} jobs")
        broker.close()


def _print(name: str, query: Callable[[], Any]) -> None:
    query()
    runs = [_timed(query) for _ in range(REPEATS)]
    times, answer = sorted(took for took, _ in runs), runs[-1][1]
    cut = " (cut)" if getattr(answer, "cut", False) else ""
    size = len(answer.jobs) if hasattr(answer, "jobs") else answer if isinstance(answer, int) else 1
    print(f"{name:28} {statistics.median(times):9.2f} ms, slowest {times[-1]:7.2f} ms  {size} jobs{cut}")


def _timed(query: Callable[[], Any]) -> tuple[float, Any]:
    began = time.perf_counter()
    answer = query()
    return (time.perf_counter() - began) * 1000, answer


def _memory(broker: JobBroker) -> int:
    return int(broker.client.info("memory")["used_memory"])


if __name__ == "__main__":
    main()
