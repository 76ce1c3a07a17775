"""5,000 jobs while bridges and workers are killed and Redis starts anew: each has its effect once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from osmod.kue.keys import KueQueue
from tests.kue import app
from tests.kue.node import Node
from tests.redis_servers import Server
from tests.waiting import until

HALF = 2_500
THREADS = 4


@pytest.fixture
def workers(tmp_path: Path) -> Iterator[Callable[[str], psutil.Process]]:
    """Starts `osmod worker` with the bridge in its two processes."""
    started: list[subprocess.Popen[bytes]] = []

    def start(url: str) -> psutil.Process:
        environment = {
            **os.environ,
            "KUE_TEST_URL": url,
            "KUE_TEST_LOG": str(tmp_path / "log"),
            "KUE_TEST_BRIDGE": "1",
        }
        command = [sys.executable, "-m", "osmod.jobs.worker.supervisor", "tests.kue.app"]
        with (tmp_path / "output").open("ab") as output:
            process = subprocess.Popen(
                [*command, "-p", "2", "-t", str(THREADS)],
                env=environment,
                stdout=output,
                stderr=output,
                process_group=0,
            )
        started.append(process)
        return psutil.Process(process.pid)

    yield start
    for one in started:
        one.terminate()
        try:
            one.wait(120)
        finally:
            if one.poll() is None:
                os.killpg(one.pid, signal.SIGKILL)
                one.wait()


def kill_one(supervisor: psutil.Process) -> None:
    """Kill a process that takes and runs jobs; another takes its place."""
    processes = [one for one in supervisor.children() if "resource_tracker" not in " ".join(one.cmdline())]
    processes[0].kill()


def ran(log: Path) -> list[tuple[int, str]]:
    """The runs so far."""
    return app.runs(log) if log.exists() else []


def test_three_kills_and_a_restart(
    kue_folder: Path,
    own_server: Callable[..., Server],
    workers: Callable[[str], psutil.Process],
    tmp_path: Path,
) -> None:
    """Each job ran under one id, by which tasks have their effect once, and is complete in Kue."""
    server = own_server("--appendonly", "yes")
    log = tmp_path / "log"
    kue = KueQueue.at(server.url)
    node = Node(kue_folder, server.url)
    supervisor = workers(server.url)

    first = node.run("queue_notes.js", 0, HALF)
    until(lambda: len(ran(log)) > 500, 60, "500 have run")
    kill_one(supervisor)
    until(lambda: len(ran(log)) > 1000, 60, "1,000 have run")
    server.kill()
    server.start()
    until(lambda: len(ran(log)) > 1500, 60, "1,500 have run")
    kill_one(supervisor)
    second = node.run("queue_notes.js", HALF, 2 * HALF)
    until(lambda: len(ran(log)) > HALF + 500, 60, "3,000 have run")
    kill_one(supervisor)
    until(lambda: 2 * HALF == kue.client.zcard(kue.state("complete")), 90, "all are complete")

    until(lambda: 0 == kue.client.zcard(kue.held) + kue.client.zcard(kue.taken), 10, "nothing is open")
    distinct = set(ran(log))
    assert list(range(2 * HALF)) == sorted(number for number, _ in distinct)
    counts = Counter(
        (kue.client.hget(kue.job(one), "osmod_claim"), kue.client.hget(kue.job(one), "attempts"))
        for one in first + second
    )
    assert {(b"1", b"1"): 2 * HALF} == dict(counts)
    kue.close()
