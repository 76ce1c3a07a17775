"""Every process of every command writes the same form, and each line of a job names it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.chaos.pools import ROOT, Pool
from tests.logs.conftest import KINDS, Logs, OsmodPool
from tests.waiting import until

ACTORS = ("talk", "talk_in_a_coroutine", "fresh", "nobody", "seldom")


@pytest.mark.parametrize("kind", KINDS)
def test_lines_of_json(logs: Logs, kind: type[Pool]) -> None:
    """Each line is an object; what is written while a job runs, by whatever library, has its id and its actor."""
    logs.setenv(LOG_FORMAT="json", LOG_LEVEL="info")
    sent = {logs.send(actor): actor for actor in ACTORS}
    sent[logs.send("refuse", 1)] = "refuse"
    pool = logs.work(kind=kind)
    logs.until_ended(len(sent))

    lines = logs.objects(pool)

    assert all({"timestamp", "level", "event", "logger", "pid", "thread"} <= line.keys() for line in lines)
    assert sent == {line["job"]: line["actor"] for line in lines if "outcome" in line}
    assert {"done": 3, "failed": 3} == Counter(line["outcome"] for line in lines if "outcome" in line)
    library = [line for line in lines if line["logger"] == "some.library"]
    assert {"talk", "talk_in_a_coroutine"} == {line["actor"] for line in library}
    assert all(sent[line["job"]] == line["actor"] for line in library)
    assert {
        "event": "two\nlines",
        "weather": "fine",
        "error": "LookupError: nothing here",
    }.items() <= next(line for line in library if line["actor"] == "talk").items()


def test_lines_for_people(logs: Logs) -> None:
    """One line is one, whatever is in it. Jobs that are done are not told of unless asked for."""
    logs.send("talk")
    pool = logs.work()
    logs.until_ended(1)

    (said,) = (line for line in logs.lines(pool) if "actor=talk" in line)

    assert (
        r"[warning  ] two\nlines [some.library] weather=fine error='LookupError: nothing here' job=" in said
    )
    assert "\x1b" not in said


@pytest.mark.parametrize("kind", KINDS)
def test_a_log_file(logs: Logs, kind: type[Pool], tmp_path: Path) -> None:
    """`--log-file` gets all, and each line once."""
    file = tmp_path / "worker.log"
    logs.setenv(LOG_FORMAT="json")
    job = logs.send("refuse", 1)
    pool = logs.work("--log-file", str(file), kind=kind)
    logs.until_ended(1)

    assert [] == logs.lines(pool)
    assert 1 == file.read_text().count(job)


def test_all_processes_of_osmod_worker(logs: Logs) -> None:
    """The supervisor, too, as it says what it does."""
    logs.setenv(LOG_FORMAT="json")
    logs.send("refuse", 1)
    pool = logs.work(kind=OsmodPool)
    logs.until_ended(1)

    assert "osmod.jobs.worker.supervisor" in {line["logger"] for line in logs.objects(pool)}


def test_the_scheduler(logs: Logs, tmp_path: Path) -> None:
    """All that `periodiq worker` says once it has loaded the settings."""
    logs.setenv(LOG_FORMAT="json", PYTHONPATH=str(ROOT))
    said = tmp_path / "said"
    command = [sys.executable, "-c", "from periodiq import entrypoint; entrypoint()", "tests.logs.app"]
    with said.open("wb") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=dict(os.environ), stdout=output, stderr=output)
    try:
        until(lambda: "Scheduled every_second" in said.read_text(), 40)
    finally:
        process.terminate()
        process.wait(120)
    lines = said.read_text().splitlines()
    ours = [json.loads(line) for line in lines if line.startswith("{")]
    assert "Scheduler stopped." == ours[-1]["event"]
    assert all("[periodiq]" in line for line in lines[: -len(ours)])


def test_a_wrong_setting_is_named(logs: Logs) -> None:
    """Before any process is started, with all others that are wrong."""
    logs.setenv(LOG_FORMAT="xml", LOG_LEVEL="loud", WORKER_TASK_TTL="soon")
    pool = logs.work(kind=OsmodPool)

    assert 1 == pool.wait()
    assert "  LOG_FORMAT='xml': must be one of console, json.\n" in pool.said()
    assert "  LOG_LEVEL='loud': must be one of debug, info, warning, error.\n" in pool.said()
    assert "  WORKER_TASK_TTL='soon': " in pool.said()
