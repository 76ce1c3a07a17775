"""A file in `actors/` that cannot be loaded: what can do without it does, and says so in one line."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.only_on("valkey")
ROOT = Path(__file__).parents[2]
Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def osmod(redis_url: str, tmp_path: Path) -> Command:
    """Runs `osmod` from a root whose folder of actors has a broken file."""
    shutil.copytree(ROOT / "actors", tmp_path / "actors")
    (tmp_path / "actors" / "zeal.py").write_text("import nowhere\n")

    def call(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "osmod", *words]
        environment = os.environ | {"REDIS_URL": redis_url}
        return subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=60
        )

    return call


@pytest.mark.parametrize("words", [("jobs", "list"), ("queues", "list"), ("audit",), ("schedules", "list")])
def test_what_needs_no_actors_works(osmod: Command, words: tuple[str, ...]) -> None:
    """Exit code 0, and one line on stderr beside what was asked for."""
    done = osmod(*words)
    assert 0 == done.returncode, done.stderr
    assert (
        "The actors cannot be loaded (ModuleNotFoundError: No module named 'nowhere'): jobs are shown without "
        "them, and their texts masked." == done.stderr.splitlines()[0]
    )
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("words", [("enqueue", "heartbeat"), ("schedules", "run", "heartbeat")])
def test_what_needs_them_says_why_not(osmod: Command, words: tuple[str, ...]) -> None:
    """One line, exit code 1."""
    done = osmod(*words)
    assert (
        1,
        "Error: the actors cannot be loaded (ModuleNotFoundError: No module named 'nowhere'): "
        "correct the folder actors/.\n",
    ) == (done.returncode, done.stderr)
