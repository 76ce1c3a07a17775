"""The real Kue, from npm, and servers to queue with it."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import dramatiq
import pytest

from osmod.jobs.broker import JobBroker
from osmod.kue.keys import KueQueue
from tests.jobs.conftest import (  # noqa: F401
    _shared_redis,
    _shared_valkey,
    broker,
    make_broker,
    own_server,
    server,
    shared_server,
)
from tests.kue.node import PACKAGES, Node
from tests.redis_servers import Server
from tests.services import unavailable

#: Seconds that npm may take.
PATIENCE = 300


@pytest.fixture(scope="session")
def kue_folder() -> Path:
    """A folder with Kue in its `node_modules`, beside the libraries: it is installed once for all runs."""
    if not shutil.which("node") or not shutil.which("npm"):
        unavailable("no node and npm on this machine")
    folder = Path(sys.prefix) / "kue"
    folder.mkdir(exist_ok=True)
    installed, wanted = folder / "installed", "\n".join(PACKAGES)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not installed.exists() or installed.read_text() != wanted:
            (folder / "package.json").write_text('{"private": true}')
            command = [
                "npm",
                "install",
                "--no-audit",
                "--no-fund",
                "--ignore-scripts",
                "--prefer-offline",
                *PACKAGES,
            ]
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=PATIENCE)
            if done.returncode:
                unavailable(f"npm could not install {', '.join(PACKAGES)}: {done.stderr.strip()[-300:]}")
            installed.write_text(wanted)
    return folder


@pytest.fixture
def node(kue_folder: Path, server: Server) -> Iterator[Node]:  # noqa: F811
    """Runs the scripts beside the tests with the real Kue, on the test's server."""
    runner = Node(kue_folder, server.url)
    yield runner
    runner.close()


@pytest.fixture
def ran(broker: JobBroker) -> list[int]:  # noqa: F811
    """The numbers of the jobs that ran here, of the types `note` and `other`."""
    numbers: list[int] = []

    @dramatiq.actor(actor_name="note")
    def note(number: int) -> None:
        numbers.append(number)

    @dramatiq.actor(actor_name="other")
    def other(number: int) -> None:
        numbers.append(number)

    return numbers


@pytest.fixture
def kue(server: Server) -> Iterator[KueQueue]:  # noqa: F811
    """Kue's queue on the test's server."""
    queue = KueQueue.at(server.url)
    yield queue
    queue.close()
