"""Minutes of random faults over a steady load: `python -m tests.chaos.run [--seconds N] [--seed N]`.

Two pools of worker processes work on a Redis with an append-only file synced on every write, one of them
through a proxy. Jobs of 5 ms are sent at a steady rate, a tenth delayed, a tenth failing at first. Meanwhile,
at random: a worker pool is killed, a worker is frozen past its lease and thawed, the server is killed and
started on its data, the proxy loses answers or resets connections.

At the end, once everything has been quiet for the time it may take to recover, it prints what was sent, done,
lost, run twice and recovered, and the longest recovery. Exit code 1 if any accepted job was lost.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

os.environ.setdefault("CHAOS_URL", "redis://127.0.0.1:1/0")
os.environ.setdefault("CHAOS_LOG", os.devnull)

from osmod.jobs import queues
from osmod.jobs.broker import JobBroker
from osmod.jobs.errors import JobNotQueued
from osmod.jobs.invariants import check
from tests.chaos import app
from tests.chaos.pools import Pool
from tests.chaos.proxy import Proxy
from tests.jobs.servers import Server, binaries

LEASE = 2000


@dataclass
class Outcome:
    """What a run of faults came to."""

    sent: int = 0
    refused: int = 0
    done: int = 0
    lost: int = 0
    twice: int = 0
    recovered: int = 0
    longest_recovery: float = 0.0
    unsound: int = 0
    faults: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        faults = ", ".join(f"{count} x {name}" for name, count in sorted(self.faults.items()))
        return (
            f"faults: {faults}\n"
            f"sent {self.sent} (refused with an error: {self.refused}), done {self.done}, lost {self.lost}, "
            f"run twice {self.twice}, recovered from lost leases {self.recovered}, "
            f"longest recovery after a kill {self.longest_recovery:.1f} s "
            f"(lease {LEASE / 1000:g} s), broken invariants {self.unsound}"
        )


class Chaos:
    """One run."""

    def __init__(self, seconds: float, seed: int, rate: float = 150.0) -> None:
        self._random = random.Random(seed)
        self._seconds = seconds
        self._pause = 1 / rate
        self._log = Path(tempfile.mkstemp(prefix="chaos-")[1])
        binary = next(iter(binaries().values()))
        self._server = Server(binary, "--appendonly", "yes", "--appendfsync", "always")
        self._outcome = Outcome()
        self._accepted: list[str] = []
        self._kills: list[tuple[float, set[str]]] = []
        self._over = threading.Event()

    def run(self) -> Outcome:
        """Load, faults, quiet, count."""
        self._server.start()
        self._proxy = Proxy(self._server.port)
        self._broker = JobBroker(url=self._server.url, lease=LEASE)
        self._broker.actors = app.broker.actors
        self._broker.declare_queue("default")
        self._pools = [self._pool(0), self._pool(1)]
        sender = threading.Thread(target=self._send)
        try:
            sender.start()
            self._do_harm()
            self._over.set()
            sender.join()
            self._settle()
            self._count()
        finally:
            self._over.set()
            for pool in self._pools:
                pool.kill()
            self._proxy.close()
            self._broker.close()
            self._server.close()
            for path in self._log.parent.glob(self._log.name + "*"):
                path.unlink()
        return self._outcome

    def _pool(self, number: int) -> Pool:
        url = self._proxy.url if number else self._server.url
        return Pool(url, self._log, "-t", "8", lease=LEASE)

    def _send(self) -> None:
        number = 0
        while not self._over.wait(self._pause):
            number += 1
            name = f"job-{number}"
            message = app.work.message(name, 5, number % 10 == 3)
            try:
                self._broker.enqueue(message, delay=300 if number % 10 == 7 else None)
            except JobNotQueued:
                self._outcome.refused += 1
            else:
                self._accepted.append(name)

    def _do_harm(self) -> None:
        harms = [self._kill_pool, self._freeze_worker, self._kill_server, self._lose_answers, self._reset]
        end = time.monotonic() + self._seconds
        self._over.wait(2.0)
        for harm in self._random.sample(harms, len(harms)):
            if time.monotonic() < end:
                self._harm_and_wait(harm)
        while time.monotonic() < end:
            self._harm_and_wait(self._random.choice(harms))
        self._proxy.lose_answers = 0.0

    def _harm_and_wait(self, harm: object) -> None:
        assert callable(harm)
        harm()
        self._outcome.faults[harm.__name__.lstrip("_").replace("_", " ")] += 1
        self._over.wait(self._random.uniform(0.2, 2.0))

    def _kill_pool(self) -> None:
        which = self._random.randrange(2)
        processes = {worker.pid for worker in self._pools[which].workers}
        self._pools[which].kill()
        ended = {name for name, *_ in app.events(self._log)}
        cut_off = {
            name
            for name, process, _ in app.events(self._log, "start")
            if process in processes and name not in ended
        }
        self._kills.append((time.time(), cut_off))
        self._pools[which] = self._pool(which)

    def _freeze_worker(self) -> None:
        workers = [worker for pool in self._pools for worker in pool.workers]
        if workers:
            worker = self._random.choice(workers)
            worker.send_signal(signal.SIGSTOP)
            self._over.wait(LEASE / 1000 + 0.5)
            worker.send_signal(signal.SIGCONT)

    def _kill_server(self) -> None:
        self._server.kill()
        self._over.wait(self._random.uniform(0.0, 1.5))
        self._server.start()

    def _lose_answers(self) -> None:
        self._proxy.lose_answers = 0.0 if self._proxy.lose_answers else 0.02

    def _reset(self) -> None:
        self._proxy.reset()

    def _settle(self) -> None:
        """Wait until the queue is empty, at most for what recoveries and retries may take."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            counts = queues.counts(self._broker, "default")
            if not counts.waiting + counts.delayed + counts.active:
                return
            time.sleep(0.1)

    def _count(self) -> None:
        outcome = self._outcome
        runs = Counter(name for name, *_ in app.events(self._log))
        outcome.sent = len(self._accepted)
        outcome.done = sum(1 for name in self._accepted if runs[name])
        outcome.lost = outcome.sent - outcome.done
        outcome.twice = sum(1 for count in runs.values() if count > 1)
        outcome.recovered = int(self._server.client.hget("dramatiq:{default}:meta", "recovered") or 0)
        outcome.unsound = len(check(self._broker))
        starts = app.events(self._log, "start")
        for killed, names in self._kills:
            again = {
                name: moment for name, _, moment in reversed(starts) if name in names and moment > killed
            }
            outcome.longest_recovery = max(
                [outcome.longest_recovery, *(moment - killed for moment in again.values())]
            )


def main() -> int:
    """Parse the command line, run, print."""
    parser = argparse.ArgumentParser(description="Random faults over a steady load.")
    parser.add_argument("--seconds", type=float, default=600.0, help="how long (default: ten minutes)")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="repeat the faults of another run")
    options = parser.parse_args()
    print(f"seed {options.seed}, {options.seconds:g} seconds", flush=True)
    outcome = Chaos(options.seconds, options.seed).run()
    print(outcome)
    return 1 if outcome.lost or outcome.unsound else 0


if __name__ == "__main__":
    sys.exit(main())
