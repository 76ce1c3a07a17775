"""A file in `actors/` that cannot be loaded: what can do without it does, and says so in one line."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.only_on("valkey")
ROOT = Path(__file__).parents[2]
#: Runs commands one after the other in a process without actors, as to load the rest takes most of the time.
TYPED = """
import json, sys
from click.testing import CliRunner
from osmod.cli import main
for words in json.load(sys.stdin):
    done = CliRunner().invoke(main, words)
    print(json.dumps([done.exit_code, done.stderr]))
"""
WHY = "(ModuleNotFoundError: No module named 'nowhere')"


@pytest.fixture
def typed(redis_url: str, tmp_path: Path) -> Callable[[list[str]], list[tuple[int, str]]]:
    """Types commands to `osmod` in a root whose folder of actors has a broken file; exit codes, and stderr."""
    shutil.copytree(ROOT / "actors", tmp_path / "actors")
    (tmp_path / "actors" / "zeal.py").write_text("import nowhere\n")

    def call(commands: list[str]) -> list[tuple[int, str]]:
        done = subprocess.run(
            [sys.executable, "-c", TYPED],
            input=json.dumps([command.split() for command in commands]),
            cwd=tmp_path,
            env=os.environ | {"REDIS_URL": redis_url},
            capture_output=True,
            text=True,
            check=True,
            timeout=300,
        )
        return [(code, said) for code, said in map(json.loads, done.stdout.splitlines())]

    return call


def test_what_needs_no_actors_works(typed: Callable[[list[str]], list[tuple[int, str]]]) -> None:
    """Exit code 0, and one line on stderr beside what was asked for; what needs them says why not, in one line."""
    able = ["jobs list", "queues list", "audit", "schedules list"]
    unable = ["enqueue heartbeat", "schedules run heartbeat"]
    *well, first, second = typed([*able, *unable])
    warned = f"The actors cannot be loaded {WHY}: jobs are shown without them, and their texts masked."
    assert [(0, warned)] * len(able) == [(code, said.splitlines()[0]) for code, said in well]
    assert not any("Traceback" in said for _, said in well)
    assert [(1, f"Error: the actors cannot be loaded {WHY}: correct the folder actors/.\n")] * 2 == [
        first,
        second,
    ]
