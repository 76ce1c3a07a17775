"""`worker.py` under each command that runs it: settings that cannot be used end it at once, in plain lines."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
COMMANDS = {
    "dramatiq": ("dramatiq", "worker", "--processes", "2"),
    "osmod": ("osmod", "worker", "--processes", "2"),
    "periodiq": ("periodiq", "worker"),
}
#: Seconds in which a command that only has to say so ends, on a machine that is busy.
AT_ONCE = 300


def run(command: str, *, module: str = "worker", **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command as an operator does, until it ends by itself. It loads a module of that name."""
    program, *words = COMMANDS[command]
    if program == "osmod":
        words.append(module)
    else:
        words[0] = module
    return subprocess.run(
        [str(Path(sys.executable).parent / program), *words],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=AT_ONCE,
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_all_problems_are_named_at_once(command: str, tmp_path: Path) -> None:
    """Variable, value without secrets, remedy; exit code 2; no traceback, no second try."""
    ended = run(
        command,
        REDIS_URL="redis://me:secret@:6379",
        DATABASE_URL="nonsense",
        WORKER_TASK_TTL="soon",
        OSMOD_HOME=str(tmp_path),
    )
    lines = (
        "Error: the environment cannot be used:\n"
        "  REDIS_URL='redis://me:***@:6379': it names no host: it looks like redis://localhost:6379.\n"
        "  WORKER_TASK_TTL='soon': Not a valid integer.\n"
        "  DATABASE_URL=nonsense is not a database URL; it looks like "
        "mysql+pymysql://user:password@host/os_moderator?charset=utf8mb4 or sqlite:///osmod.db.\n"
    )
    assert 2 == ended.returncode
    assert lines in ended.stderr
    for unwanted in ("Traceback", "file an issue", "secret", "starting another"):
        assert unwanted not in ended.stderr
    # Of Dramatiq's processes each says it, and one line more says that one of them ended.
    assert len(ended.stderr.splitlines()) <= (16 if command == "dramatiq" else 4 if command == "osmod" else 5)


@pytest.mark.parametrize("command", ["dramatiq", "osmod"])
def test_a_driver_that_is_not_installed(command: str) -> None:
    """Known before a job is taken, which would fail for good."""
    ended = run(command, DATABASE_URL="postgresql+asyncpg://me@db/os")
    assert 2 == ended.returncode
    assert (
        "DATABASE_URL asks for the driver asyncpg, which is not installed: pip install asyncpg."
        in ended.stderr
    )
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("command", ["dramatiq", "osmod"])
def test_a_worker_without_a_queue(command: str) -> None:
    """WORKER_RUN_IMMEDIATELY leaves a worker nothing to do; it says so and ends."""
    ended = run(command, WORKER_RUN_IMMEDIATELY="true")
    assert 2 == ended.returncode
    assert (
        "Error: WORKER_RUN_IMMEDIATELY is set, so tasks run where they are sent and a worker has nothing to do: "
        "unset it to use the queue.\n" in ended.stderr
    )
    assert "Traceback" not in ended.stderr


def test_an_option_in_the_url_that_redis_py_refuses() -> None:
    """What only redis-py can tell is told in the same form."""
    ended = run("osmod", REDIS_URL="redis://localhost?socket_timeout=soon")
    assert 2 == ended.returncode
    assert (
        "Error: the environment cannot be used:\n"
        "  REDIS_URL='redis://localhost?socket_timeout=soon': "
        "Invalid value for 'socket_timeout' in connection URL.\n" == ended.stderr
    )
