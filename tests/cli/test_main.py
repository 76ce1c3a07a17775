"""`osmod` itself: help, version, and errors as sentences."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest
from sqlalchemy import Engine

from osmod.cli import COMMANDS, main
from osmod.moderation.database import open_session
from osmod.moderation.models import User
from tests.cli.conftest import Run


def test_help_teaches(run: Run) -> None:
    """`osmod --help` shows what to type, and every command with a sentence."""
    result = run("--help")
    assert 0 == result.exit_code
    assert "  osmod demo                       1,000 real comments, from queue to decision" in result.output
    for name, sentence in COMMANDS.items():
        assert re.search(rf"^  {name} +{re.escape(sentence)}$", result.output, re.MULTILINE)


def test_help_is_fast() -> None:
    """`osmod --help` loads none of the heavy libraries."""
    program = (
        "import sys; from osmod.cli import main; main(['--help'], standalone_mode=False);"
        "print({'sqlalchemy', 'redis', 'dramatiq', 'rich', 'pydantic'} & set(sys.modules))"
    )
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "set()" == shown.stdout.splitlines()[-1]


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_explains_itself(run: Run, name: str) -> None:
    """Every command that is listed is there, and begins its help with the usage."""
    result = run(name, "--help")
    assert 0 == result.exit_code
    assert result.output.lower().startswith(f"usage: osmod {name} ")


def test_module() -> None:
    """`python -m osmod` is the same command."""
    shown = subprocess.run(
        [sys.executable, "-m", "osmod", "--version"], capture_output=True, text=True, check=True
    )
    assert shown.stdout.startswith("osmod-worker ")


def test_misspelt_command(run: Run) -> None:
    """A command that is nearly right is guessed."""
    result = run("chekc")
    assert 2 == result.exit_code
    assert "Error: No such command 'chekc'. Did you mean 'check'?" in result.output


def test_unknown_command(run: Run) -> None:
    """A command that is not there is named."""
    result = run("frobnicate")
    assert 2 == result.exit_code
    assert "Error: No such command 'frobnicate'." in result.output


def test_bad_environment(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A setting that cannot be used is one sentence, not a traceback."""
    monkeypatch.setenv("WORKER_TASK_TTL", "soon")
    result = run("db", "check")
    assert 1 == result.exit_code
    assert (
        "Error: the environment cannot be used:\n  WORKER_TASK_TTL='soon': Not a valid integer.\n"
        == result.output
    )


def test_own_mistakes_are_not_hidden(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error that no operator can mend keeps its traceback."""
    monkeypatch.setattr("osmod.cli.checks.database.connect", lambda url, **_: 1 / 0)
    assert isinstance(run("db", "check").exception, ZeroDivisionError)


def test_is_the_console_script() -> None:
    """`main` is what `pyproject.toml` names."""
    assert callable(main)


@pytest.mark.only_on("sqlite")
def test_a_terminal_that_knows_ascii_alone(settled: Engine, database_url: str) -> None:
    """Our own files are read as what they are, and what the terminal lacks is shown as escapes."""
    with open_session(settled) as session:
        session.add(User(name="Zoë ☃", group="service", is_active=True))
        session.commit()
    ascii_alone = {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": ""}
    shown = subprocess.run(
        [sys.executable, "-m", "osmod", "users", "list"],
        env=os.environ | ascii_alone | {"DATABASE_URL": database_url, "TERM": "dumb", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "" == shown.stderr
    assert r"Zo\xeb \u2603" in shown.stdout


def test_redis_that_is_away() -> None:
    """`osmod enqueue` says in one line that nothing was queued."""
    ended = subprocess.run(
        [sys.executable, "-m", "osmod", "enqueue", "heartbeat"],
        env=os.environ | {"REDIS_URL": "redis://127.0.0.1:1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert 1 == ended.returncode
    (line,) = ended.stderr.splitlines()
    assert line.startswith("Error: heartbeat() was not queued: Redis did not answer for 5 seconds")
