"""`osmod db`, on SQLite and on MariaDB."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine

from osmod.moderation.database import open_session
from osmod.moderation.models import Article, Category
from osmod.settings import masked
from tests.cli.conftest import Run


def test_upgrade(run: Run, empty_database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says what it did; the second time, that there was nothing to do."""
    monkeypatch.setenv("DATABASE_URL", empty_database_url)
    last = f"{masked(empty_database_url)} is up to date\n"
    result = run("db", "upgrade")
    assert (
        "created OSMod's 13 tables\n"
        "created the worker's own tables: osmod_worker_inbox, osmod_worker_outbox\n"
        "the worker's tables are at revision 0001\n" + last == result.output
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
