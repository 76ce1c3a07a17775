"""`python -m benchmarks.memory [--jobs N]`: send and drain jobs on a Redis of its own, print its memory on the way.

The broker is as it comes: the last 20,000 finished jobs are kept. Exit status 1 if the memory grows by more than
3 % in the second half, or if a key is left that never expires.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

import dramatiq
import redis
from dramatiq import Worker

from osmod.embedded import embedded_redis
from osmod.jobs.broker import JobBroker

SAMPLES = 20
#: Jobs that wait at a time, at most.
BURST = 5_000
#: By how much memory may grow between the middle and the end.
GROWTH = 0.03


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory", description=__doc__)
    parser.add_argument("--jobs", type=int, default=1_000_000, help="how many jobs (default: 1,000,000)")
    jobs = parser.parse_args().jobs
    with tempfile.TemporaryDirectory() as folder, embedded_redis(Path(folder)) as url:
        broker = JobBroker(url=url)
        broker.emit_after("process_boot")
        dramatiq.set_broker(broker)
        used = _put_through(broker, jobs)
        forever = [key.decode() for key in broker.client.scan_iter(count=1000) if broker.client.ttl(key) < 0]
        done = int(broker.client.hget("dramatiq:{default}:meta", "done") or 0)
        broker.close()
    growth = max(used[SAMPLES // 2 :]) / used[SAMPLES // 2 - 1] - 1
    print(
        f"{done:,} jobs done; grown in the second half by {growth:.1%}; keys that never expire: {forever or 'none'}"
    )
    return 1 if growth > GROWTH or forever or done != jobs else 0


def _put_through(broker: JobBroker, jobs: int) -> list[int]:
    """The memory that Redis uses after each of `SAMPLES` equal parts of the jobs, with none of them waiting."""
    noop = dramatiq.actor(lambda: None, actor_name="noop")
    used = []
    worker = Worker(broker, worker_threads=8)
    worker.start()
    began = time.perf_counter()
    try:
        for part in range(1, SAMPLES + 1):
            left = jobs * part // SAMPLES - jobs * (part - 1) // SAMPLES
            while left:
                burst = min(BURST, left)
                broker.send_many([noop.message() for _ in range(burst)])
                broker.join("default", interval=10)
                left -= burst
            used.append(_memory(broker.client))
            through = jobs * part // SAMPLES
            print(
                f"{through:>9,} jobs through, {time.perf_counter() - began:4.0f} s: {used[-1] / 1e6:6.2f} MB, "
                f"{broker.client.dbsize():,} keys",
                flush=True,
            )
    finally:
        worker.stop()
    return used


def _memory(client: redis.Redis) -> int:
    return int(client.info("memory")["used_memory"])


if __name__ == "__main__":
    sys.exit(main())
