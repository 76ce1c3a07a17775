"""What can be done to the workers, and the note of everything that was done."""

from __future__ import annotations

import signal
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random

from tests.chaos import app
from tests.chaos.counting import AFTERMATH, PROMISED, Fault, Kill
from tests.chaos.pools import Pool
from tests.chaos.targets import LEASE, Harm, Target
from tests.waiting import until


class Harms:
    """Harms to a target and to two pools of workers on it, done one after the other in random order.

    Attributes:
      faults: what was done, in that order.
      kills: the workers killed.
    """

    def __init__(
        self, target: Target, pools: list[Pool], new_pool: Callable[[int], Pool], log: Path, random: Random
    ) -> None:
        self.faults: list[Fault] = []
        self.kills: list[Kill] = []
        self._target = target
        self._pools = pools
        self._new_pool = new_pool
        self._log = log
        self._random = random
        self._lasting: Fault | None = None

    def go_on(self, seconds: float) -> None:
        """Do harm for so long, each kind at least once if there is the time; then let it be quiet."""
        end = time.monotonic() + seconds
        harms = [self._kill_pool, self._kill_pool_alone, self._freeze_worker, *self._target.harms()]
        time.sleep(min(2.0, seconds / 4))
        for harm in self._random.sample(harms, len(harms)):
            if time.monotonic() < end:
                self._do(harm)
        while time.monotonic() < end:
            self._do(self._random.choice(harms))
        self._be_quiet()

    def _do(self, harm: Harm) -> None:
        lasting = harm.__name__ in self._target.lasting
        if lasting:
            self._be_quiet()
        fault = Fault(harm.__name__.lstrip("_").replace("_", " "), time.time())
        self.faults.append(fault)
        harm()
        if lasting:
            self._lasting = fault
        else:
            fault.ended = time.time()
        time.sleep(self._random.uniform(0.2, 2.0))

    def _be_quiet(self) -> None:
        self._target.quiet()
        if self._lasting is not None:
            self._lasting.ended, self._lasting = time.time(), None

    def _kill_pool(self, which: int | None = None) -> None:
        which = self._random.randrange(2) if which is None else which
        processes = {worker.pid for worker in self._pools[which].workers}
        killed = time.time()
        self._pools[which].kill()
        begun, ended, failed = (
            Counter(name for name, process, _ in app.events(self._log, event) if process in processes)
            for event in ("start", "end", "fail")
        )
        self.kills.append(Kill(self.faults[-1], killed, processes, set(begun - ended - failed)))
        self._pools[which] = self._new_pool(which)

    def _kill_pool_alone(self) -> None:
        """Kill one while the other works and nothing else is or just was wrong, until all must be well again."""
        self._be_quiet()
        time.sleep(AFTERMATH)
        which, now = self._random.randrange(2), time.time()
        others = {worker.pid for worker in self._pools[1 - which].workers}
        until(
            lambda: any(pid in others and at > now for _, pid, at in app.events(self._log)), 20, "others work"
        )
        self._kill_pool(which)
        time.sleep(PROMISED)

    def _freeze_worker(self) -> None:
        workers = [worker for pool in self._pools for worker in pool.workers]
        if workers:
            worker = self._random.choice(workers)
            worker.send_signal(signal.SIGSTOP)
            time.sleep(LEASE / 1000 + 0.5)
            worker.send_signal(signal.SIGCONT)
