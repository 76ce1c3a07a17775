"""What commands print for programs, and how they end: one object with `--json`, and documented exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import dramatiq
import pytest
from dramatiq import Actor

from osmod.cli.queue_access import EXIT_CODES
from osmod.jobs.broker import JobBroker
from osmod.jobs.schedules import SchedulesMiddleware, every
from tests.jobs.records.conftest import Run
from tests.jobs.records.taking import end

PAGE = Path(__file__).parents[3] / "docs" / "operations.md"


@pytest.fixture
def failed(broker: JobBroker, accept: Actor[..., None]) -> str:
    """A job that failed, a second that waits, and a schedule. The id of the first."""
    broker.add_middleware(SchedulesMiddleware())
    dramatiq.actor(actor_name="hourly", periodic=every("1 hour"))(_nothing)
    job_id = accept.send(1).message_id
    end(broker, 1, ValueError("no"))
    accept.send(2)
    return job_id


@pytest.mark.parametrize(
    ("words", "fields"),
    [
        ("jobs list", {"jobs": list, "cursor": type(None), "cut": bool, "unread": int}),
        ("jobs show ID", {"jobs": list}),
        ("jobs count", {"count": int}),
        ("jobs groups", {"groups": list, "looked_at": int, "cut": bool}),
        ("jobs retry ID", {"count": int}),
        ("jobs cancel --all --yes", {"count": int, "cancelled": int, "interrupting": int}),
        ("jobs delete --all --dry-run", {"count": int, "dry_run": bool}),
        ("queues list", {"queues": list}),
        ("queues pause default", {"changed": bool}),
        ("queues check", {"problems": list, "mended": bool}),
        ("queues purge default --dry-run", {"count": int, "dry_run": bool}),
        ("schedules list", {"schedules": list}),
        ("schedules pause hourly", {"changed": bool}),
        ("schedules run hourly", {"id": str, "created": bool}),
        ("enqueue acceptComments comment_id=1", {"id": str, "created": bool}),
        ("top --every 0.2", {"queues": list, "running": list, "workers": list}),
    ],
)
def test_every_command_prints_one_object(run: Run, failed: str, words: str, fields: dict[str, type]) -> None:
    """In which what is listed has a name."""
    result = run(*words.replace("ID", failed).split(), "--json")

    assert 0 == result.exit_code, result.output
    assert fields == {name: type(value) for name, value in json.loads(result.stdout).items()}


def test_acts_are_listed_in_one_object_too(run: Run, failed: str) -> None:
    """Each with its reason."""
    run("jobs", "retry", failed, "--reason", "the scorer is back")
    (act,) = json.loads(run("audit", "--json").stdout)["acts"]
    assert ("retry", "the scorer is back", False) == (act["act"], act["reason"], act["dry_run"])


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("jobs list", 0),
        ("jobs retry --state failed --yes", 0),
        ("enqueue acceptComments comment_id=1", 0),
        ("jobs count --actor nobody", 0),
        ("queues check", 0),
        ("audit --queue default", 0),
        ("jobs groups --queue default --error ValueError", 0),
        ("schedules run busy", 1),
        ("jobs list --cursor x", 2),
        ("jobs retry", 2),
        ("queues pause defalt", 2),
        ("enqueue acceptComment", 2),
        ("schedules pause hurly", 2),
        ("jobs list --actor nobody", 3),
        ("jobs show nope", 3),
        ("jobs groups --error NoError", 3),
        ("jobs retry --actor nobody --yes", 3),
        ("jobs retry --actor nobody --dry-run", 3),
        ("audit --queue nowhere", 3),
        ("jobs retry --state failed", 4),
        ("queues purge default", 4),
    ],
)
def test_exit_codes(run: Run, failed: str, words: str, code: int) -> None:
    """Each means one thing, whichever command ends with it."""
    if words == "schedules run busy":
        dramatiq.actor(actor_name="busy", periodic=every("1 hour"))(_nothing)
        run("schedules", "run", "busy")
    assert code == run(*words.split()).exit_code


def test_a_redis_that_is_away_is_an_error(
    run: Run, broker: JobBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 1, with one sentence."""
    away = JobBroker(url="redis://127.0.0.1:1")
    monkeypatch.setattr(dramatiq.broker, "global_broker", away)
    result = run("jobs", "list")
    assert 1 == result.exit_code
    assert result.output.startswith("Error: ")
    away.close()


def test_the_codes_are_documented() -> None:
    """In the help of every command, and once on paper, in one row."""
    (row,) = [line for line in PAGE.read_text().splitlines() if line.startswith("| `osmod jobs`, ")]
    told = [cell.strip().partition(" what")[0].partition(":")[0] for cell in row.split("|")[2:7]]
    listed = ", ".join(f"{code} {meaning}" for code, meaning in enumerate(told))
    assert f"Exit codes: {listed}, 130 stopped by Ctrl-C." == EXIT_CODES
    assert "Ctrl-C ends a command with 130" in PAGE.read_text()


def _nothing() -> None:
    """Nothing runs here."""
