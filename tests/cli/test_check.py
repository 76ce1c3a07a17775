"""`osmod check`: every problem at once, each with what to do."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from osmod.cli.checks import check_database, check_outbox, check_scorers, check_settings, database
from osmod.cli.checks.asking import PATIENCE, Asking
from osmod.cli.checks.finding import Finding, Level, error, note, ok, warning
from osmod.cli.checks.report import AREAS
from osmod.cli.checks.settings import KNOWN
from osmod.moderation.database import open_session
from osmod.moderation.models import User, now
from osmod.settings import masked, read_settings
from tests.cli.conftest import Run, bad
from tests.found import only

ROOT = Path(__file__).parents[2]
LOCAL = {"endpointType": "local"}


def osmod_check(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `osmod check` as an operator does: in a process of its own, from the root."""
    return subprocess.run(
        [sys.executable, "-m", "osmod", "check", *words],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.only_on("valkey")
def test_all_is_well(settled: Engine, redis_url: str) -> None:
    """Every area but Kue's, of which nothing speaks, is shown; nobody works here, all there is to warn of: exit 1."""
    with open_session(settled) as session:
        session.add(User(name="Local model", group="moderator", is_active=True, extra=LOCAL))
        session.commit()
    result = osmod_check(REDIS_URL=redis_url)
    assert "" == result.stderr
    ill = ["workers", "scheduler"]
    others = [area for area in AREAS if area not in (*ill, "kue")]
    assert [*ill, *others] == [line for line in result.stdout.splitlines() if line.isalpha()]
    assert "  ✓ heartbeat: every 10 minutes; next at " in result.stdout
    assert re.search(r"^  ✓ \d+ actors: acceptComments, ", result.stdout, re.MULTILINE)
    assert "  ! no worker is alive: start one with `osmod worker`.\n" in result.stdout
    assert "  ! no scheduler has run yet: start one with `periodiq worker`.\n" in result.stdout
    stands = "0 errors, 2 warnings: workers, scheduler\n"
    assert result.stdout.startswith(stands)
    assert result.stdout.endswith(f"\n{stands}")
    assert 1 == result.returncode


def test_everything_is_wrong_at_once(tmp_path: Path) -> None:
    """Neither Redis nor database: both are said, the rest is looked at all the same, exit 2."""
    result = osmod_check(REDIS_URL="redis://localhost:1", OSMOD_HOME=str(tmp_path))
    assert (
        "  ✗ Redis does not answer at redis://localhost:1: start one with `osmod redis`, "
        "or name yours in REDIS_URL.\n" in result.stdout
    )
    assert (
        f"  ✗ sqlite:///{tmp_path}/osmod.db: it is not there yet: run `osmod db upgrade`.\n" in result.stdout
    )
    assert "  ✓ heartbeat: " in result.stdout
    assert result.stdout.startswith(
        "2 errors, 0 warnings: redis, database\nredis\n  ✗ Redis does not answer "
    )
    assert 2 == result.returncode
    assert [] == list(tmp_path.iterdir()), "a check makes no files"


def test_settings_that_cannot_be_used(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every variable at fault is named; the other areas depend on them and wait."""
    monkeypatch.setenv("WORKER_TASK_TTL", "0")
    monkeypatch.setenv("WORKER_RUN_IMMEDIATELY", "perhaps")
    monkeypatch.setenv("REDIS_URL", "nonsense")
    monkeypatch.setenv("DATABASE_URL", "nonsense")
    result = run("check")
    assert (
        "4 errors, 0 warnings: settings\n"
        "settings\n"
        "  ✗ REDIS_URL='nonsense': it has no scheme: it looks like redis://localhost:6379.\n"
        "  ✗ WORKER_RUN_IMMEDIATELY='perhaps': Not a valid boolean.\n"
        "  ✗ WORKER_TASK_TTL='0': must be at least 1 (milliseconds).\n"
        "  ✗ DATABASE_URL=nonsense is not a database URL; it looks like "
        "mysql+pymysql://user:password@host/os_moderator?charset=utf8mb4 or sqlite:///osmod.db.\n"
        "4 errors, 0 warnings: settings\n" == result.output
    )
    assert 2 == result.exit_code


def test_json(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--json` gives the same findings to programs."""
    found = {"actors": [ok("a"), error("b")]}
    monkeypatch.setattr("osmod.cli.checks.report.AREAS", {"actors": lambda settings: found["actors"]})
    monkeypatch.setenv("WORKER_RUN_IMMEDIATELY", "true")
    result = run("check", "--json")
    assert {
        "level": "error",
        "actors": [{"level": "ok", "message": "a"}, {"level": "error", "message": "b"}],
        "workers": [],
        "queues": [],
    } == json.loads(result.output)
    assert 2 == result.exit_code


@pytest.mark.parametrize(
    ("found", "code"),
    [([ok("a"), note("b")], 0), ([ok("a"), warning("b")], 1), ([warning("a"), error("b")], 2)],
)
def test_exit_codes(run: Run, monkeypatch: pytest.MonkeyPatch, found: list[Finding], code: int) -> None:
    """The worst finding decides, as monitoring programs expect it; a note is nothing to wake anybody for."""
    monkeypatch.setattr("osmod.cli.checks.report.AREAS", {"actors": lambda settings: found})
    monkeypatch.setenv("WORKER_RUN_IMMEDIATELY", "true")
    assert code == run("check").exit_code


@pytest.mark.only_on("valkey")
def test_quick(run: Run, breakable: Engine, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--quick` says nothing but errors, of what a running worker needs."""
    monkeypatch.setenv("REDIS_URL", redis_url)
    well = run("check", "--quick")
    assert (0, "0 errors, 0 warnings\n") == (well.exit_code, well.output)
    with breakable.begin() as connection:
        connection.exec_driver_sql("DROP TABLE osmod_worker_inbox")
    ill = run("check", "--quick")
    assert (
        "1 error, 0 warnings: database\n"
        "database\n"
        "  ✗ the worker's own tables are missing (osmod_worker_inbox): run `osmod db upgrade`.\n"
        "1 error, 0 warnings: database\n" == ill.output
    )
    assert 1 == ill.exit_code


def test_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was read is shown without passwords; what is read by nothing is named."""
    monkeypatch.setenv("REDIS_URL", "redis://:secret@queue:6379")
    monkeypatch.setenv("DATABASE_URL", "mysql+pymysql://me:secret@db/os")
    monkeypatch.setenv("DATABASE_HOST", "db")
    monkeypatch.setenv("WORKER_TASK_TLL", "1")
    monkeypatch.setenv("WORKER_RUN_IMMEDIATELY", "true")
    assert [
        ok("queue redis://:***@queue:6379"),
        ok("database mysql+pymysql://me:***@db/os"),
        warning(
            "WORKER_RUN_IMMEDIATELY is on: tasks run inside `send`, and nothing reaches the queue; "
            "unset it in production."
        ),
        warning("DATABASE_URL is used; DATABASE_HOST and the others are set too and are not read."),
        warning("WORKER_TASK_TLL is not read by anything: WORKER_TASK_TTL?"),
    ] == list(check_settings(read_settings()))


def test_known_settings() -> None:
    """The variables known to the check are those that `osmod/settings.py` reads."""
    source = (ROOT / "osmod" / "settings.py").read_text()
    assert set(re.findall(r"env\.\w+\(\s*\"(\w+)\"", source)) == KNOWN


def test_database(settled: Engine) -> None:
    """Every table is there; OSMod's missing index is a hint."""
    server, *rest = check_database(read_settings())
    assert re.fullmatch(
        rf"(SQLite|MariaDB|MySQL) [\d.]+ answers at {re.escape(masked(read_settings().database_url))}",
        server.message,
    )
    hint = note(
        "comments.sourceId has no index (OSMod makes none): a flag on a comment that another program stored "
        "without postProcessComment reads the whole table; where there are many: "
        "CREATE INDEX sourceId_index ON comments (sourceId)."
    )
    assert [ok("every table is there"), hint] == rest


@pytest.mark.only_on("mariadb")  # SQLite has the clock of this machine
@pytest.mark.parametrize(("seconds", "said"), [(-180, "3 min behind"), (25, ""), (180, "3 min ahead of")])
def test_clocks(settled: Engine, monkeypatch: pytest.MonkeyPatch, seconds: int, said: str) -> None:
    """One that differs from the database's by more than half a minute is named."""
    monkeypatch.setattr(database, "now", lambda: now() + timedelta(seconds=seconds))
    found = [one.message for one in bad(list(check_database(read_settings())))]
    assert [f"this machine's clock is {said} the database's: "] * bool(said) == [
        one.partition("publishers")[0] for one in found
    ]


def test_index_that_osmod_lacks(breakable: Engine) -> None:
    """The hint is gone once the index is there."""
    with breakable.begin() as connection:
        connection.exec_driver_sql("CREATE INDEX sourceId_index ON comments (sourceId)")
    assert [] == bad(list(check_database(read_settings())))


@pytest.mark.only_on("mariadb")
def test_table_without_transactions(breakable: Engine) -> None:
    """A table that cannot roll back would keep half of a failed task."""
    with breakable.begin() as connection:
        connection.exec_driver_sql("DROP TABLE comment_sizes")
        connection.exec_driver_sql(
            "CREATE TABLE comment_sizes (commentId int, width int, height int, "
            "createdAt datetime, updatedAt datetime) ENGINE = MyISAM"
        )
    assert error(
        "table comment_sizes is MyISAM, without transactions: ALTER TABLE comment_sizes ENGINE = InnoDB."
    ) in list(check_database(read_settings()))


@pytest.mark.parametrize(
    "url",
    [
        *("os_moderator", "mysql://me@db/os", "mysql+pymysql://root@127.0.0.1:1/os"),
        *("mysql+pymysql://me@db/os?colour=red", "mysql+pymysql://me@[::1/os", "mysql+nosuch://me@db/os"),
        "sqlite:////proc/none/x.db",
    ],
)
def test_database_that_cannot_be_used(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One sentence under the database; the scorers, which are in it, say nothing."""
    monkeypatch.setenv("DATABASE_URL", url)
    asking = Asking("the database", {"database": check_database, "scorers": check_scorers}, read_settings())
    asking.start()
    found = asking.findings(time.monotonic() + PATIENCE)
    assert [Level.ERROR] == [one.level for one in found["database"]]
    assert [] == found["scorers"]


def test_what_cannot_be_looked_at_is_said(breakable: Engine) -> None:
    """Where the server itself is well, an area that cannot be asked is an error, not silence that reads as well."""
    with breakable.begin() as connection:
        connection.exec_driver_sql("DROP TABLE osmod_worker_outbox")
    asking = Asking("the database", {"outbox": check_outbox}, read_settings())
    asking.start()
    found = only(asking.findings(time.monotonic() + PATIENCE)["outbox"])
    assert Level.ERROR is found.level
    assert found.message.startswith("the database at ")
    assert "osmod_worker_outbox" in found.message
