"""`osmod schedules`: what runs when, and running, pausing and resuming one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from dramatiq import broker as global_broker

import actors
from osmod.cli import main
from osmod.jobs.broker import JobBroker
from osmod.jobs.setup import default_middleware
from osmod.settings import get_settings

ROOT = Path(__file__).parents[2]
Command = Callable[..., Result]


@pytest.fixture
def osmod(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Command]:
    """Runs `osmod schedules …` with the project's actors on the test's Redis."""
    broker = JobBroker(url=redis_url, middleware=default_middleware(get_settings()))
    for name in actors.__all__:
        actor = getattr(actors, name)
        broker.declare_actor(actor)
    monkeypatch.setattr(global_broker, "global_broker", broker)
    yield lambda *words: CliRunner().invoke(main, ["schedules", *words], prog_name="osmod")
    broker.close()


def test_a_paused_schedule_is_shown_as_such_until_it_is_resumed(osmod: Command) -> None:
    """`pause` and `resume` say what they did, and `list --json` shows no next run in between."""

    def next_run() -> str | None:
        listed = json.loads(osmod("list", "--json").stdout)["schedules"]
        return next(state["next"] for state in listed if state["name"] == "checkCounts")

    assert next_run() is not None
    assert "checkCounts is paused\n" == osmod("pause", "checkCounts").stdout
    assert next_run() is None
    assert "paused" in osmod("list").stdout
    assert "checkCounts is resumed\n" == osmod("resume", "checkCounts").stdout
    assert next_run() is not None


def test_a_run_by_hand_is_queued_once(osmod: Command) -> None:
    """A second `run` is refused while the first has not ended, and exits with 1."""
    first, second = osmod("run", "checkCounts"), osmod("run", "checkCounts")
    assert first.stdout.startswith("checkCounts is queued as ")
    assert 1 == second.exit_code
    assert second.stderr.startswith("Error: checkCounts is not run: its last run (")


def test_a_misspelt_name_is_answered_with_the_right_one(redis_url: str) -> None:
    """An unknown schedule is wrong usage: exit 2, with a suggestion; here as a command of its own, from its start."""
    result = subprocess.run(
        [sys.executable, "-m", "osmod", "schedules", "pause", "hartbeat"],
        cwd=ROOT,
        env=os.environ | {"REDIS_URL": redis_url},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert 2 == result.returncode
    assert result.stderr.endswith("\nError: No schedule 'hartbeat': did you mean 'heartbeat'?\n")
