"""`python -m benchmarks.kue [--jobs N] [--runs N] [--install]`: Kue's jobs taken over, beside Kue's own worker.

Jobs are queued by the real Kue. Printed are: how many jobs a second the bridge alone takes over, and how long one
waits in Kue until it is in our queue; then, by turns, how many jobs a second are done by two worker processes, and
how long one waits for an idle one: ours behind a bridge, and Kue's own. Exit status 1 if a job is lost or runs twice,
or if fewer than 3,000 a second are taken over.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import psutil
import redis

from benchmarks.queue import report
from benchmarks.queue.measure import Run, run
from benchmarks.queue.peers import APPS, PEERS, ROOT, NotInstalled
from osmod.kue.keys import KueQueue
from tests.redis_servers import Server, binaries, running
from tests.waiting import until

_HERE = Path(__file__).parent
KUE = PEERS["kue"]
#: Jobs of Kue's, run by our workers behind a bridge.
BRIDGED = replace(KUE, name="ours, behind a bridge", work=(sys.executable, str(_HERE / "pool.py")), workers=1)
#: Jobs a second that are to be taken over.
GOAL = 3_000
#: Seconds that anything may take.
_PATIENCE = 180.0


def main() -> int:
    """Measure, and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.kue", description=__doc__)
    parser.add_argument("--jobs", type=int, default=20_000, help="a run (default: 20,000)")
    parser.add_argument("--runs", type=int, default=3, help="how many runs (default: 3)")
    parser.add_argument("--install", action="store_true", help="install Kue from npm, below .osmod/bench")
    options = parser.parse_args()
    try:
        if options.install:
            KUE.install()
        KUE.programs()
    except NotInstalled as reason:
        print(f"skipped: {reason}", file=sys.stderr)
        return 0
    with running(next(iter(binaries().values())), "--appendonly", "no") as server:
        client = redis.Redis.from_url(server.url)
        taken = []
        for number in range(options.runs):
            client.flushall()
            one = take_over(server, options.jobs)
            taken.append(one.rate)
            print(f"run {number + 1}, taken over: {one.sentence}", flush=True)
        client.flushall()
        waits = waiting_times(server.url)
        print(
            f"from createJob to our queue: {_wait(waits, 0.5)} ms, 99 % {_wait(waits, 0.99)} ms", flush=True
        )
        runs: dict[str, list[Run]] = {BRIDGED.name: [], KUE.name: []}
        for number in range(options.runs):
            for peer in (BRIDGED, KUE):
                client.flushall()
                runs[peer.name].append(run(peer, server.url, options.jobs))
                print(f"run {number + 1}, {peer.name}: {report.sentence(runs[peer.name][-1])}", flush=True)
        client.close()
    share = _drained(runs[BRIDGED.name]) / _drained(runs[KUE.name])
    print(
        f"taken over: {statistics.median(taken):,.0f}/s (goal {GOAL:,}); drained: {share:.2f} x kue's own worker"
    )
    spoilt = any(one.lost or one.twice for one in runs[BRIDGED.name])
    return 1 if spoilt or statistics.median(taken) < GOAL else 0


@dataclass(frozen=True)
class TakenOver:
    """One run of the bridge alone: jobs a second, and microseconds of a processor that a job takes the two."""

    rate: float
    bridge: float
    redis: float

    @property
    def sentence(self) -> str:
        """The run on one line."""
        return f"{self.rate:,.0f}/s; a job takes the bridge {self.bridge:.0f} µs of a processor, Redis {self.redis:.0f}"


def take_over(server: Server, jobs: int) -> TakenOver:
    """The bridge takes so many jobs, which wait in Kue's queue, into ours. Nobody works."""
    assert server.pid is not None
    with _marks() as environment, redis.Redis.from_url(server.url) as client:
        environment["REDIS_URL"] = server.url
        subprocess.run(
            [*KUE.send, str(jobs)], cwd=APPS, env=environment, check=True, stdout=subprocess.DEVNULL
        )
        with _bridge(environment) as bridge:
            key, watched = "dramatiq:{default}:ready", [bridge, psutil.Process(server.pid)]
            first = until(lambda: client.zcard(key), _PATIENCE, "the bridge takes a job", every=0.001)
            began, used = time.perf_counter(), list(map(_processor_time, watched))
            until(lambda: client.zcard(key) == jobs, _PATIENCE, "the bridge has taken all", every=0.01)
            spent = [_processor_time(one) - before for one, before in zip(watched, used, strict=True)]
            count = jobs - first
            rate = count / (time.perf_counter() - began)
            return TakenOver(rate, spent[0] / count * 1e6, spent[1] / count * 1e6)


def waiting_times(url: str) -> list[int]:
    """Milliseconds from `createJob` in an idle server to the job in our queue, shortest first."""
    with _marks() as environment:
        environment["REDIS_URL"] = url
        kue = KueQueue.at(url)
        with _bridge(environment):
            until(lambda: kue.client.info("clients")["blocked_clients"], _PATIENCE, "the bridge sleeps")
            subprocess.run([*KUE.send, "spaced"], cwd=APPS, env=environment, check=True)
        waits = []
        for name in kue.client.scan_iter(match="dramatiq:{default}:job:*"):
            job_id = name.decode().split(":job:")[1].split(":")[2]
            stored, created = kue.client.hget(name, "created"), kue.client.hget(kue.job(job_id), "created_at")
            waits.append(int(stored) - int(created))
        kue.close()
        return sorted(waits)


@contextmanager
def _marks() -> Iterator[dict[str, str]]:
    """An environment for Kue's programs and ours, with files for the marks of jobs."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        done, waits = Path(folder, "done"), Path(folder, "waits")
        done.touch()
        waits.touch()
        yield os.environ | {
            "BENCH_DONE": str(done),
            "BENCH_WAITS": str(waits),
            "NODE_PATH": str(ROOT / ".osmod" / "bench" / "node" / "node_modules"),
        }


@contextmanager
def _bridge(environment: dict[str, str]) -> Iterator[psutil.Process]:
    process = psutil.Popen([sys.executable, str(_HERE / "app.py")], cwd=_HERE, env=environment)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(_PATIENCE)


def _processor_time(process: psutil.Process) -> float:
    """Seconds."""
    times = process.cpu_times()
    return float(times.user + times.system)


def _wait(waits: list[int], share: float) -> int:
    return waits[min(len(waits) - 1, int(len(waits) * share))]


def _drained(runs: list[Run]) -> float:
    return statistics.median(one.drained_rate for one in runs)


if __name__ == "__main__":
    sys.exit(main())
