"""Minutes of random faults over a steady load: `python -m tests.chaos.run [--seconds N] [--seed N] [--broker stock]`.

Two pools of worker processes work on a Redis with an append-only file synced on every write, one of them
through a proxy. Jobs of 5 ms are sent at a steady rate, a tenth delayed, a tenth failing at first, a tenth
taking 300 ms. Meanwhile, at random: a worker pool is killed, a worker is frozen past its lease and thawed, the
server is killed and started on its data, the proxy loses answers or resets connections.

At the end, once the queue is empty or should be, it prints what was sent, done, lost, run twice and recovered; a
job that was running in three killed workers is failed, as promised, and not lost. It also prints the longest
recoveries: the time from the kill of a worker to the new start of a job that it was running. While nothing else
goes wrong that is bounded by the lease and a second; another fault meanwhile, such as a Redis that is down or a
second worker that dies, takes its own time. Exit code 1 if an accepted job was lost or an undisturbed recovery
took longer.
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
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import redis
from dramatiq import Message, QueueJoinTimeout

os.environ.setdefault("CHAOS_URL", "redis://127.0.0.1:1/0")
os.environ.setdefault("CHAOS_LOG", os.devnull)

from osmod.jobs.errors import JobNotQueued
from tests.chaos import app
from tests.chaos.pools import Pool
from tests.chaos.proxy import Proxy
from tests.jobs.brokers import BROKERS, CHOICE, open_broker, unsound
from tests.redis_servers import Server, binaries
from tests.waiting import until

LEASE = 2000
#: Seconds within which a job of a killed worker starts again, as promised.
PROMISED = LEASE / 1000 + 1


@dataclass
class Fault:
    """Something that was done to the queue, from when to when."""

    name: str
    began: float
    ended: float = float("inf")


@dataclass(frozen=True, order=True)
class Recovery:
    """A job of a killed worker that started again: after how long, and what else went wrong meanwhile."""

    seconds: float
    meanwhile: tuple[str, ...]


@dataclass
class Outcome:
    """What a run of faults came to."""

    sent: int = 0
    refused: int = 0
    done: int = 0
    given_up: int = 0
    lost: int = 0
    twice: int = 0
    recovered: int = 0
    recoveries: list[Recovery] = field(default_factory=list)
    unsound: int = 0
    faults: Counter[str] = field(default_factory=Counter)

    @property
    def longest_undisturbed(self) -> float:
        """Seconds that the longest recovery took during which nothing else went wrong."""
        return max((one.seconds for one in self.recoveries if not one.meanwhile), default=0.0)

    def __str__(self) -> str:
        longest = max(self.recoveries, default=Recovery(0.0, ()))
        undisturbed = sum(1 for one in self.recoveries if not one.meanwhile)
        faults = ", ".join(f"{count} x {name}" for name, count in sorted(self.faults.items()))
        return (
            f"faults: {faults}\n"
            f"sent {self.sent} (refused with an error: {self.refused}), done {self.done}, "
            f"failed for killing three workers {self.given_up}, lost {self.lost}, "
            f"run twice {self.twice}, recovered from lost leases {self.recovered}, "
            f"broken invariants {self.unsound}\n"
            f"{len(self.recoveries)} jobs started again after the kill of their worker; the longest took "
            f"{longest.seconds:.2f} s (meanwhile: {', '.join(longest.meanwhile) or 'nothing'}), "
            f"of {undisturbed} that nothing else disturbed {self.longest_undisturbed:.2f} s "
            f"(promised: {PROMISED:g} s)"
        )


class Chaos:
    """One run."""

    def __init__(self, seconds: float, seed: int, rate: float = 150.0, patience: float = 30.0) -> None:
        self._random = random.Random(seed)
        self._seconds = seconds
        self._pause = 1 / rate
        self._patience = patience
        self._log = Path(tempfile.mkstemp(prefix="chaos-")[1])
        binary = next(iter(binaries().values()))
        self._server = Server(binary, "--appendonly", "yes", "--appendfsync", "always")
        self._outcome = Outcome()
        self._accepted: list[str] = []
        self._kills: list[tuple[Fault, float, set[int], set[str]]] = []
        self._faults: list[Fault] = []
        self._losing: Fault | None = None
        self._over = threading.Event()

    def run(self) -> Outcome:
        """Load, faults, quiet, count."""
        self._server.start()
        self._proxy = Proxy(self._server.port)
        self._broker = open_broker(self._server.url, lease=LEASE)
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
            message = app.work.message(name, 300 if number % 10 == 5 else 5, number % 10 == 3)
            try:
                self._broker.enqueue(message, delay=300 if number % 10 == 7 else None)
            except (JobNotQueued, redis.RedisError):
                self._outcome.refused += 1
            else:
                self._accepted.append(name)

    def _do_harm(self) -> None:
        harms = [
            *(self._kill_pool, self._kill_pool_alone, self._freeze_worker),
            *(self._kill_server, self._lose_answers, self._reset),
        ]
        end = time.monotonic() + self._seconds
        self._over.wait(2.0)
        for harm in self._random.sample(harms, len(harms)):
            if time.monotonic() < end:
                self._harm_and_wait(harm)
        while time.monotonic() < end:
            self._harm_and_wait(self._random.choice(harms))
        self._lose_no_answers()

    def _harm_and_wait(self, harm: Callable[[], None]) -> None:
        fault = Fault(harm.__name__.lstrip("_").replace("_", " "), time.time())
        self._faults.append(fault)
        harm()
        if fault is not self._losing:
            fault.ended = time.time()
        self._outcome.faults[fault.name] += 1
        self._over.wait(self._random.uniform(0.2, 2.0))

    def _kill_pool(self, which: int | None = None) -> None:
        which = self._random.randrange(2) if which is None else which
        processes = {worker.pid for worker in self._pools[which].workers}
        killed = time.time()
        self._pools[which].kill()
        begun, ended, failed = (
            Counter(name for name, process, _ in app.events(self._log, event) if process in processes)
            for event in ("start", "end", "fail")
        )
        self._kills.append((self._faults[-1], killed, processes, set(begun - ended - failed)))
        self._pools[which] = self._pool(which)

    def _kill_pool_alone(self) -> None:
        """Kill one while the other works and nothing else is wrong; leave it at that until all must be well."""
        self._lose_no_answers()
        which, now = self._random.randrange(2), time.time()
        others = {worker.pid for worker in self._pools[1 - which].workers}
        until(lambda: any(pid in others and at > now for _, pid, at in app.events(self._log)), 20)
        self._kill_pool(which)
        self._over.wait(PROMISED)

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
        """Begin to. It goes on during the faults that follow."""
        self._lose_no_answers()
        self._proxy.lose_answers = 0.02
        self._losing = self._faults[-1]

    def _lose_no_answers(self) -> None:
        self._proxy.lose_answers = 0.0
        if self._losing:
            self._losing.ended, self._losing = time.time(), None

    def _reset(self) -> None:
        self._proxy.reset()

    def _settle(self) -> None:
        """Wait until the queue is empty, at most for what recoveries and retries may take."""
        with suppress(QueueJoinTimeout):
            self._broker.join("default", timeout=int(self._patience * 1000))

    def _count(self) -> None:
        outcome = self._outcome
        runs = Counter(name for name, *_ in app.events(self._log))
        outcome.sent = len(self._accepted)
        outcome.done = sum(1 for name in self._accepted if runs[name])
        given_up = {name for name in self._given_up() if not runs[name]}
        outcome.given_up = len(given_up)
        outcome.lost = outcome.sent - outcome.done - outcome.given_up
        outcome.twice = sum(1 for count in runs.values() if count > 1)
        outcome.recovered = int(self._server.client.hget("dramatiq:{default}:meta", "recovered") or 0)
        outcome.unsound = unsound(self._broker)
        starts = app.events(self._log, "start")
        for kill, killed, processes, names in self._kills:
            again = {
                name: moment
                for name, process, moment in reversed(starts)
                if name in names and process not in processes and moment > killed
            }
            for moment in again.values():
                others = {
                    fault.name
                    for fault in self._faults
                    if fault is not kill and fault.began < moment and fault.ended > killed
                }
                outcome.recoveries.append(Recovery(moment - killed, tuple(sorted(others))))

    def _given_up(self) -> list[str]:
        """Jobs that happened to run in three killed workers: the queue takes them to be what killed those."""
        client, base = self._server.client, "dramatiq:{default}:"
        ids = [one.decode() for one in client.zrange(f"{base}failed", 0, -1)]
        records = [client.hmget(f"{base}job:{one}", "message", "error") for one in ids]
        return [
            Message.decode(message).args[0] for message, error in records if error.startswith(b"WorkerDied")
        ]


def main() -> int:
    """Parse the command line, run, print."""
    parser = argparse.ArgumentParser(description="Random faults over a steady load.")
    parser.add_argument("--seconds", type=float, default=600.0, help="how long (default: ten minutes)")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="repeat the faults of another run")
    parser.add_argument("--broker", choices=BROKERS, default=BROKERS[0], help="stock: Dramatiq's own instead")
    options = parser.parse_args()
    os.environ[CHOICE] = options.broker
    print(f"seed {options.seed}, {options.seconds:g} seconds", flush=True)
    outcome = Chaos(options.seconds, options.seed).run()
    print(outcome)
    return 1 if outcome.lost or outcome.unsound or outcome.longest_undisturbed > PROMISED else 0


if __name__ == "__main__":
    sys.exit(main())
