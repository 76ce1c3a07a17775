"""`osmod check --alive`: whether this host's worker or scheduler gave a sign of life lately."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from osmod.jobs.queue import presence
from tests.cli.conftest import Run
from tests.waiting import until

ROOT = Path(__file__).parents[2]
HOST = socket.gethostname()
WORKER = ("-m", "osmod", "worker", "--processes", "2", "--threads", "1")
SCHEDULER = ("-c", "from periodiq import entrypoint; entrypoint()", "worker")
#: Seconds between two calls of the command.
LOOK = 0.25
pytestmark = pytest.mark.only_on("valkey")


@pytest.fixture(autouse=True)
def _queue(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", redis_url)
    monkeypatch.setenv("DATABASE_URL", "sqlite://")


@contextmanager
def running(*command: str) -> Iterator[subprocess.Popen[bytes]]:
    """A program of ours in a process group of its own, ended at the end, whatever state it is in."""
    with tempfile.TemporaryDirectory(prefix="alive-") as folder:  # what is killed leaves its sockets behind
        program = subprocess.Popen(
            [sys.executable, *command],
            cwd=ROOT,
            env=os.environ | {"TMPDIR": folder},
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            yield program
        finally:
            os.killpg(program.pid, signal.SIGKILL)
            program.wait()


@pytest.mark.parametrize(
    ("program", "command", "said"),
    [
        ("worker", WORKER, "2 worker processes on {host} are alive, the last sign of life "),
        ("scheduler", SCHEDULER, "the scheduler on {host} is alive, its last sign of life "),
    ],
)
def test_a_program_that_stands_still_is_noticed(
    run: Run, monkeypatch: pytest.MonkeyPatch, program: str, command: tuple[str, ...], said: str
) -> None:
    """One that runs is alive; stopped as by SIGSTOP it is not, once its last sign is too long ago."""
    monkeypatch.setattr(presence, "GONE_AFTER", 2 * presence.SIGN_OF_LIFE)
    with running(*command) as started:
        until(lambda: said.format(host=HOST) in run("check", "--alive", program).stdout, 60, every=LOOK)
        os.killpg(started.pid, signal.SIGSTOP)
        until(lambda: run("check", "--alive", program).exit_code == 1, 40, every=LOOK)
        result = run("check", "--alive", program)
    assert "" == result.stdout
    assert f"no {program} on {HOST} has given a sign of life in the last " in result.stderr


def test_nothing_runs_here(run: Run) -> None:
    """Exit 1 and a line that says for how long nothing was heard."""
    worker, scheduler = run("check", "--alive", "worker"), run("check", "--alive", "scheduler")
    assert (1, f"no worker on {HOST} has given a sign of life in the last 16 s\n") == (
        worker.exit_code,
        worker.stderr,
    )
    assert (1, f"no scheduler on {HOST} has given a sign of life in the last 25 s\n") == (
        scheduler.exit_code,
        scheduler.stderr,
    )


def test_a_worker_of_another_host_does_not_count(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each host answers for itself."""
    with running(*WORKER):
        until(lambda: run("check", "--alive", "worker").exit_code == 0, 60, every=LOOK)
        monkeypatch.setattr(socket, "gethostname", lambda: "elsewhere")
        assert "no worker on elsewhere " in run("check", "--alive", "worker").stderr


def test_redis_is_away(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody can be asked: exit 1, and the sentence that every command has for it."""
    monkeypatch.setenv("REDIS_URL", "redis://localhost:1")
    result = run("check", "--alive", "worker")
    assert 1 == result.exit_code
    assert result.stderr.startswith("Error: Redis does not answer at redis://localhost:1: ")


def test_it_loads_little() -> None:
    """It runs every few seconds: neither the database's libraries nor the actors are loaded."""
    result = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "osmod", "check", "--alive", "worker"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    loaded = {line.rpartition("|")[2].strip() for line in result.stderr.splitlines()}
    assert "osmod.jobs.broker" in loaded
    assert set() == loaded & {"sqlalchemy", "alembic", "pydantic", "httpx", "rich", "actors"}
