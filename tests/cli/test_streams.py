"""Every command that lists something, wherever its output goes: a closed pipe, a file, a terminal of any kind."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console
from sqlalchemy import Engine

from osmod.access.accounts import create_user
from osmod.cli.repainting import repaint
from osmod.moderation.database import open_session
from tests.cli.in_streams import Run
from tests.redis_servers import Server

ROOT = Path(__file__).parents[2]
#: Commands, and what of the scene's stands in their answer.
LISTS = {
    "jobs list": "acceptComments",
    "jobs list --state failed": "",
    "jobs count": "1",
    "jobs groups": "",
    "queues list": "default",
    "queues check": "All is in order.",
    "workers list": "osmod worker",
    "schedules list": "heartbeat",
    "scorers list": "scorer",
    "publishers list": "publisher",
    "publishers deliveries": "",
    "users list": "Website",
    "users tokens": "",
    "audit": "enqueue",
    "top --once --every 0.2": "default",
    "check": "database",
    "db check": "is up to date",
    "--help": "Usage: osmod",
    "jobs --help": "Usage: osmod jobs",
    "jobs list --help": "Usage: osmod jobs list",
}
_COLOUR = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@pytest.fixture
def runs(own_redis: Server, settled: Engine, tmp_path: Path) -> list[Run]:
    """How each command ended everywhere, in a queue with a job, and a database with a user."""
    with open_session(settled) as session, session.begin():
        create_user(session, group="service", name="Website")
    names = ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR")
    environment = {name: value for name, value in os.environ.items() if name not in names}
    environment |= {"REDIS_URL": own_redis.url, "OSMOD_HOME": str(tmp_path)}
    enqueue = [sys.executable, "-m", "osmod", "enqueue", "acceptComments", "comment_id=1"]
    subprocess.run(enqueue, cwd=ROOT, env=environment, check=True, capture_output=True)
    said = subprocess.run(
        [sys.executable, "-m", "tests.cli.in_streams"],
        input=json.dumps([words.split() for words in LISTS]),
        cwd=ROOT,
        env=environment,
        text=True,
        check=True,
        stdout=subprocess.PIPE,
    )
    return [Run(**one) for one in json.loads(said.stdout)]


@pytest.mark.only_on("sqlite")
def test_lists_everywhere(runs: list[Run]) -> None:
    """Each ends as it does in a terminal, says the same, and acts on no terminal that cannot be acted on.

    Into a closed pipe, as of `| head -1`, a command ends quietly. Forty columns show every name.
    """
    assert 5 * len(LISTS) == len(runs)
    usual = {tuple(run.words): run.status for run in runs if run.where == "terminal"}
    wrong = []
    for run in runs:
        shown = LISTS[" ".join(run.words)]
        plain = " ".join(_COLOUR.sub("", run.out + run.err).split())
        if run.where == "closed":
            if "roken pipe" in run.err or "Traceback" in run.err or "Exception ignored" in run.err:
                wrong.append((run.words, run.where, run.err))
            continue
        if run.status != usual[tuple(run.words)] or run.status not in (0, 2, 3):
            wrong.append((run.words, run.where, f"ended with {run.status}: {plain}"))
        if run.where in ("piped", "dumb") and "\x1b" in run.out:
            wrong.append((run.words, run.where, "has escape sequences"))
        if shown not in plain:
            wrong.append((run.words, run.where, f"does not show {shown!r}: {plain}"))
    assert [] == wrong


def test_a_terminal_that_cannot_be_painted_on() -> None:
    """`osmod top` and the like put one picture below the other there."""
    out = Console(file=io.StringIO(), force_terminal=True, _environ={"TERM": "dumb"})
    pictures = iter(["first", "second"])

    def look() -> str:
        picture = next(pictures, None)
        if picture is None:
            raise KeyboardInterrupt
        return picture

    repaint(look, 0.0, out)
    assert "first\nsecond\n" == out.file.getvalue()  # type: ignore[attr-defined]
