"""Minutes of random faults over a steady load: `python -m tests.chaos.run [--topology …] [--seconds N] [--seed N]`.

Two pools of worker processes work on one Redis with an append-only file synced on every write (the second pool
through a proxy), on a master with two replicas behind three sentinels, or on a cluster of three masters with a
replica each; by default on one after the other. Jobs of 5 ms are sent at a steady rate, a tenth delayed, a tenth
failing at first, a tenth taking 300 ms; now and then ten at once of 1 to 5 MB. Meanwhile, at random: a worker
pool is killed, a worker is frozen past its lease and thawed, and

- single: the server is killed and started on its data, or frozen for longer than the lease; the proxy loses
  answers or resets connections.
- sentinel: the master is killed, or frozen until there is another, and comes back; it is frozen for too short a
  time for that; a replica is killed.
- cluster: the same to the master of one of the queues; its replica takes over by command; the queue's slot moves.

At the end, once the queues are empty or should be, it prints what was in force on the servers and what was sent,
done, lost, run twice and recovered. A job that was running in three killed workers is failed, as promised, and
not lost. Redis answers before its replicas have what was written: a job that was accepted in the last second of a
master (`min-replicas-max-lag`), or in the first tenth of a second after one came back, and is nowhere, is counted
by itself.

It also prints the longest recoveries: the time from the kill of a worker to the new start of a job that it was
running. While nothing else goes wrong that is bounded by the lease and a second; another fault meanwhile, such as
a Redis that is down or a second worker that dies, takes its own time.

Exit code 1 if an accepted job was lost, an invariant is broken or an undisturbed recovery took longer.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from dramatiq import QueueJoinTimeout

os.environ.setdefault("CHAOS_URL", "redis://127.0.0.1:1/0")
os.environ.setdefault("CHAOS_LOG", os.devnull)

from osmod.jobs.broker import JobBroker
from osmod.jobs.steering.invariants import check
from tests.chaos import app
from tests.chaos.counting import Outcome, count_jobs, recoveries
from tests.chaos.harms import Harms
from tests.chaos.load import Load
from tests.chaos.pools import Pool
from tests.chaos.targets import LEASE, TARGETS, SingleTarget, Target
from tests.jobs.brokers import BROKERS, CHOICE, open_broker


class Chaos:
    """One run on one target."""

    def __init__(
        self,
        seconds: float,
        seed: int,
        rate: float = 150.0,
        patience: float = 30.0,
        kind: type[Target] = SingleTarget,
    ) -> None:
        self._random = random.Random(seed)
        self._seconds = seconds
        self._rate = rate
        self._patience = patience
        self._log = Path(tempfile.mkstemp(prefix="chaos-")[1])
        self._target = kind(self._random)
        self._pools: list[Pool] = []

    def run(self) -> Outcome:
        """Load, faults, quiet, count."""
        try:
            self._target.start()
            self._broker = open_broker(self._target.url(), lease=LEASE)
            self._broker.actors = app.broker.actors
            for queue in self._target.queues:
                self._broker.declare_queue(queue)
            self._pools += [self._pool(0), self._pool(1)]
            load = Load(self._broker, self._target.queues, self._rate, random.Random(self._random.random()))
            harms = Harms(self._target, self._pools, self._pool, self._log, self._random)
            load.start()
            try:
                harms.go_on(self._seconds)
            finally:
                load.stop()
            self._settle()
            return self._count(load, harms)
        finally:
            for pool in self._pools:
                pool.kill()
            self._target.close()
            for path in self._log.parent.glob(self._log.name + "*"):
                path.unlink()

    def _pool(self, number: int) -> Pool:
        queues = ",".join(self._target.queues)
        url = self._target.url(number)
        return Pool(url, self._log, "-t", "8", lease=LEASE, queues=queues)

    def _settle(self) -> None:
        """Wait until the queues are empty, at most for what recoveries and retries may take."""
        end = time.monotonic() + self._patience
        for queue in self._target.queues:
            with suppress(QueueJoinTimeout):
                self._broker.join(queue, timeout=max(100, int((end - time.monotonic()) * 1000)))

    def _count(self, load: Load, harms: Harms) -> Outcome:
        outcome = Outcome(self._target.in_force, refused=load.refused)
        count_jobs(outcome, self._target, self._log, load.accepted, harms.faults)
        outcome.recoveries = recoveries(self._log, harms.kills, harms.faults)
        # Dramatiq's own broker has no invariants that could be looked at.
        if isinstance(self._broker, JobBroker):
            outcome.unsound = [str(finding) for finding in check(self._broker)]
        self._broker.close()
        return outcome


def main() -> int:
    """Parse the command line, run, print."""
    parser = argparse.ArgumentParser(description="Random faults over a steady load.")
    parser.add_argument("--topology", choices=[*TARGETS, "all"], help="default: all, which share the time")
    parser.add_argument("--seconds", type=float, default=600.0, help="how long (default: ten minutes)")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="repeat the faults of another run")
    parser.add_argument(
        "--broker", choices=BROKERS, default=BROKERS[0], help="stock: Dramatiq's own instead, on one server"
    )
    options = parser.parse_args()
    chosen = options.topology or ("single" if options.broker == "stock" else "all")
    if options.broker == "stock" and chosen != "single":
        parser.error("Dramatiq's own broker knows no sentinels and no cluster: --topology single")
    os.environ[CHOICE] = options.broker
    kinds = list(TARGETS.values()) if chosen == "all" else [TARGETS[chosen]]
    seconds = options.seconds / len(kinds)
    kept = True
    for kind in kinds:
        print(f"{kind.name}: seed {options.seed}, {seconds:g} seconds", flush=True)
        outcome = Chaos(seconds, options.seed, kind=kind).run()
        print(outcome, flush=True)
        kept = kept and outcome.kept
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
