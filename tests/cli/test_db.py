"""`osmod db`, on SQLite and on MariaDB."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import Engine

from osmod.moderation.database import Patience, open_session
from osmod.moderation.models import OWN_TABLES, Article, Category
from osmod.settings import masked
from tests.cli.conftest import Run


def test_upgrade(run: Run, empty_database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says what it did; the second time, that there was nothing to do."""
    monkeypatch.setenv("DATABASE_URL", empty_database_url)
    last = f"{masked(empty_database_url)} is up to date\n"
    result = run("db", "upgrade")
    assert (
        "created OSMod's 14 tables\n"
        f"created the worker's own tables: {', '.join(OWN_TABLES)}\n"
        "the worker's tables are at revision 0006\n" + last == result.output
    )
    assert "nothing to do\n" + last == run("db", "upgrade").output


def test_check(run: Run, breakable: Engine) -> None:
    """Exit 0 when every table is there, 1 with a sentence a problem when not."""
    whole = run("db", "check")
    assert (0, f"{masked(breakable.url.render_as_string(hide_password=False))} is up to date\n") == (
        whole.exit_code,
        whole.output,
    )
    with breakable.begin() as connection:
        connection.exec_driver_sql("DROP TABLE osmod_worker_inbox")
    broken = run("db", "check")
    assert (1, "the worker's own tables are missing (osmod_worker_inbox): run `osmod db upgrade`.\n") == (
        broken.exit_code,
        broken.output,
    )


def test_upgrade_makes_a_table_that_was_dropped(run: Run, breakable: Engine) -> None:
    """It is there again when it says so, though no revision was due."""
    with breakable.begin() as connection:
        connection.exec_driver_sql("DROP TABLE osmod_worker_outbox")
    upgraded = run("db", "upgrade")
    assert "created the worker's own tables: osmod_worker_outbox" == upgraded.output.splitlines()[0]
    assert 0 == run("db", "check").exit_code
    assert "nothing to do" == run("db", "upgrade").output.splitlines()[0]


def test_revision_of_a_newer_version(run: Run, breakable: Engine) -> None:
    """Neither command touches tables that a newer version made."""
    with breakable.begin() as connection:
        connection.exec_driver_sql("UPDATE osmod_worker_alembic_version SET version_num = '9999'")
    sentence = (
        "the worker's tables are at revision 9999, which this version does not know: "
        "run the version that made them."
    )
    upgraded, checked = run("db", "upgrade"), run("db", "check")
    assert (1, f"Error: {sentence}\n") == (upgraded.exit_code, upgraded.output)
    assert (1, f"{sentence}\n") == (checked.exit_code, checked.output)


@pytest.mark.parametrize("words", [("check",), ("recount",), ("recount", "--dry-run")])
def test_a_check_makes_no_database(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    """A misspelt path is said to hold nothing yet, and holds nothing afterwards."""
    url = f"sqlite:///{tmp_path}/typo/osmod.db"
    monkeypatch.setenv("DATABASE_URL", url)
    result = run("db", *words)
    assert (1, f"Error: {url}: it is not there yet: run `osmod db upgrade`.\n") == (
        result.exit_code,
        result.output,
    )
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize("command", ["db", "all"])
def test_a_check_changes_no_file(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """Of another program, named by mistake, not even the way in which it is written."""
    path = tmp_path / "others.db"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE theirs (id int)")
    other.close()
    before = path.read_bytes()
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{path}")
    assert 1 == run(*(("db", "check") if command == "db" else ("check", "--quick"))).exit_code
    assert before == path.read_bytes()
    assert [path] == list(tmp_path.iterdir())


def test_refusal_is_a_sentence(run: Run, breakable: Engine) -> None:
    """A database that is not to be touched: exit 1, and why."""
    with breakable.begin() as connection:
        connection.exec_driver_sql("DROP TABLE comment_sizes")
    result = run("db", "upgrade")
    assert 1 == result.exit_code
    assert result.output.startswith(
        "Error: the database has a part of OSMod's tables only; nothing was changed."
    )


def test_recount(run: Run, settled: Engine) -> None:
    """Each count that was off is shown; `--dry-run` corrects none of them."""
    with open_session(settled) as session:
        session.add(Category(id=1, label="News", approved_count=3))
        session.flush()
        session.add(Article(id=7, source_id="a", title="t", text="", url="", category_id=1, all_count=2))
        session.commit()
    lines = "articles 7 all_count: 2 -> 0\ncategories 1 approved_count: 3 -> 0\n"
    assert lines + "2 counts were off; nothing was changed\n" == run("db", "recount", "--dry-run").output
    assert lines + "2 counts were off; they are corrected\n" == run("db", "recount").output
    assert "all counts are right\n" == run("db", "recount").output


def test_default_is_sqlite_at_home(run: Run, tmp_path: Path) -> None:
    """With nothing set, the database is a file under OSMOD_HOME."""
    result = run("db", "upgrade")
    assert f"sqlite:///{tmp_path}/home/osmod.db is up to date" == result.output.splitlines()[-1]


@pytest.mark.only_on("sqlite")
def test_a_database_that_another_process_holds(
    run: Run, breakable: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is waited for, though not for as long as a job can wait, and told as one that is locked."""
    monkeypatch.setattr("osmod.cli.checks.database.OF_COMMANDS", Patience(lock=1))
    with breakable.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE held (id INTEGER)")
        result = run("users", "create", "--group", "service", "--name", "X")
    assert 1 == result.exit_code
    assert " is locked by another process, which does not let go " in result.stderr
