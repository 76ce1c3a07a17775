"""Entry points other than `worker.py`: what imports `actors` is told of settings that cannot be used all the same."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.test_entry_point import AT_ONCE, COMMANDS, run

URL = "redis://me:secret@:6379"
PROBLEM = "  REDIS_URL='redis://me:***@:6379': it names no host: it looks like redis://localhost:6379.\n"


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_end_at_once(command: str, tmp_path: Path) -> None:
    """`dramatiq actors`: every problem, exit code 2, no traceback, no second try."""
    ended = run(command, module="actors", REDIS_URL=URL, DATABASE_URL="nonsense", OSMOD_HOME=str(tmp_path))
    assert 2 == ended.returncode
    assert PROBLEM in ended.stderr
    assert "  DATABASE_URL=nonsense is not a database URL" in ended.stderr
    for unwanted in ("Traceback", "file an issue", "secret", "starting another"):
        assert unwanted not in ended.stderr


def test_server_code_gets_our_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which names the variable, its value without secrets, and the remedy. It needs no database's driver."""
    monkeypatch.setenv("REDIS_URL", URL)
    monkeypatch.setenv("DATABASE_URL", "postgresql+asyncpg://me@db/os")
    ended = subprocess.run(
        [sys.executable, "-c", "import actors"],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        check=False,
        timeout=AT_ONCE,
    )
    assert ended.stderr.endswith(f"osmod.settings.SettingsError: the environment cannot be used:\n{PROBLEM}")
    assert "secret" not in ended.stderr
