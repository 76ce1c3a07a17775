"""A database that takes the connection and then says nothing: who typed a command hears so within seconds."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import Engine

from osmod.cli.checks import database
from osmod.moderation.database import OF_COMMANDS, OF_JOBS, OF_LONG_COMMANDS
from tests.cli.conftest import Run

#: What looks something up, and what writes a row.
READING = (
    ("db", "check"),
    ("comments", "show", "1"),
    ("scorers", "list"),
    ("publishers", "list"),
    ("users", "list"),
)
WRITING = (("users", "create", "--group", "service", "--name", "X"),)


@pytest.fixture
def frozen(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The database of the settings is one that is stopped: the system takes connections, nobody answers them."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        monkeypatch.setenv("DATABASE_URL", f"mysql+pymysql://root@127.0.0.1:{port}/os")
        yield


@pytest.mark.parametrize("words", READING + WRITING, ids=" ".join)
@pytest.mark.usefixtures("frozen")
def test_frozen(run: Run, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]) -> None:
    """Each command ends with the sentence for it, after the time that commands have for an answer."""
    monkeypatch.setattr(database, "OF_COMMANDS", replace(OF_COMMANDS, answer=0.05))
    result = run(*words)
    assert 1 == result.exit_code
    assert "it took the connection, and then said nothing for too long" in result.stderr


def test_how_long_is_waited() -> None:
    """Ten seconds at most where something is looked up; jobs and what goes through whole tables have longer."""
    assert OF_COMMANDS.answer <= 10
    assert OF_COMMANDS.table is not None
    assert OF_COMMANDS.table < OF_COMMANDS.answer, "a lock is told as a lock, not as silence"
    assert OF_LONG_COMMANDS.table is not None
    assert OF_LONG_COMMANDS.table < OF_LONG_COMMANDS.answer
    assert OF_JOBS.answer == OF_LONG_COMMANDS.answer == 60
    assert OF_JOBS.table is None


@pytest.mark.only_on("mariadb")
def test_locked_tables(run: Run, breakable: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table that another session has locked is told as locked, by what reads it and by what writes to it."""
    monkeypatch.setattr(database, "OF_COMMANDS", replace(OF_COMMANDS, table=1, tries=0))
    with breakable.connect() as connection:
        connection.exec_driver_sql("LOCK TABLES users WRITE")
        for words in (("users", "list"), *WRITING):
            result = run(*words)
            assert 1 == result.exit_code
            assert " is locked by another process, which does not let go " in result.stderr
        connection.exec_driver_sql("UNLOCK TABLES")
