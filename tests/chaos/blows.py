"""Signals sent to pools of worker processes, and what can be seen of them afterwards."""

from __future__ import annotations

import os
import signal
import time
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import psutil

from tests.chaos import app
from tests.chaos.pools import Pool
from tests.waiting import until

#: Seconds after which a signal is one more request.
LATER = 1.4


class Blow(NamedTuple):
    """A signal, whom it is sent to, and after how many seconds."""

    number: signal.Signals
    to: str = "group"
    after: float = 0.0


def strike(pool: Pool, blows: list[Blow]) -> None:
    """Send signals as told."""
    for number, to, after in blows:
        time.sleep(after)  # what is tried is the time between them
        if to == "group":
            os.killpg(pool.main, number)
        else:
            os.kill(pool.main if to == "parent" else pool.workers[0].pid, number)


def strike_again(pool: Pool, number: signal.Signals, to: str = "group") -> None:
    """Ask a pool of one worker to stop, and once more when that is no longer the same request.

    The second is counted from when the worker has heard the first: on a busy machine that may take a while.
    """
    strike(pool, [Blow(number, to)])
    until(lambda: "Shutting down..." in pool.said(), 20, "its worker stops")
    strike(pool, [Blow(number, to, LATER)])


def left(pool: Pool) -> list[int]:
    """The processes of the pool's group that live."""
    found = []
    for process in psutil.process_iter():
        try:
            if os.getpgid(process.pid) == pool.main and lives(process):
                found.append(process.pid)
        except ProcessLookupError:
            continue
    return found


def runs(log: Path, gone: dict[int, float]) -> dict[str, list[tuple[float, float]]]:
    """When each run of each job began and ended; one that ended with its process, at the process's end."""
    overs = [(name, process, moment) for name, process, moment in app.events(log, "over")]
    found: dict[str, list[tuple[float, float]]] = {}
    for name, process, began in app.events(log, "start"):
        ends = [
            moment for other, where, moment in overs if (other, where) == (name, process) and moment > began
        ]
        found.setdefault(name, []).append((began, min([*ends, gone.get(process, time.time())])))
    return found


def assert_never_at_once(log: Path, gone: dict[int, float]) -> None:
    """No job began before the run before it was over."""
    for name, times in runs(log, gone).items():
        for (_, ended), (began, _) in pairwise(sorted(times)):
            assert ended <= began, f"{name} ran twice at a time"


def lives(process: psutil.Process) -> bool:
    """Whether a process has not ended yet."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def deaths(pool: Pool, seconds: float) -> dict[int, float]:
    """Wait until nothing is left of a pool. Returns when each of its workers was gone."""
    watched = {worker.pid: worker for worker in pool.workers}
    gone: dict[int, float] = {}

    def over() -> bool:
        for number, worker in watched.items():
            if number not in gone and not lives(worker):
                gone[number] = time.time()
        return len(gone) == len(watched) and pool.poll() is not None and not left(pool)

    until(over, seconds, "all of them have ended")
    return gone
