"""A database that takes the connection and then says nothing: who typed a command hears so within seconds."""

from __future__ import annotations

import socket
import time
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
#: What may go through a whole table.
LONG = (
    ("db", "upgrade"),
    ("db", "recount"),
    ("comments", "rescore", "--all"),
    ("publishers", "replay", "1"),
    ("scorers", "compare", "1", "2"),
)


@pytest.fixture
def frozen(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The database of the settings is one that is stopped: the system takes connections, nobody answers them."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        monkeypatch.setenv("DATABASE_URL", f"mysql+pymysql://root@127.0.0.1:{port}/os")
        yield


@pytest.mark.parametrize("words", READING + WRITING + LONG, ids=" ".join)
@pytest.mark.usefixtures("frozen")
@pytest.mark.timed
def test_frozen(run: Run, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]) -> None:
    """Each command ends with the sentence for it, after the time that a server has to let it in.

    Those that wait long for an answer to a statement do not wait so long for that.
    """
    monkeypatch.setattr(database, "OF_COMMANDS", replace(OF_COMMANDS, connect=0.05))
    monkeypatch.setattr(database, "OF_LONG_COMMANDS", replace(OF_LONG_COMMANDS, connect=0.05))
    began = time.monotonic()
    result = run(*words)
    assert 1 == result.exit_code
    assert "it took the connection, and then said nothing for too long" in result.stderr
    assert time.monotonic() - began < OF_COMMANDS.answer


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


@pytest.mark.only_on("mariadb")
@pytest.mark.parametrize(
    "lock", ["LOCK TABLES comments WRITE", "LOCK TABLES comments READ", "FLUSH TABLES WITH READ LOCK"]
)
def test_checks_see_locks(run: Run, breakable: Engine, lock: str) -> None:
    """Both checks say which table is locked, against readers or against writers alone, though they read none of it."""
    with breakable.connect() as connection:
        connection.exec_driver_sql(lock)
        for words, code in ((("db", "check"), 1), (("check", "--quick"), 1), (("check",), 2)):
            result = run(*words)
            assert code == result.exit_code, result.output
            assert " is locked by another session, which has not let go of it for 2 s" in result.stdout
            assert "hangs" not in result.stdout
        connection.exec_driver_sql("UNLOCK TABLES")
    assert 0 == run("db", "check").exit_code
