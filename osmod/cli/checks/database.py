"""The database: whether it answers, and holds every table."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, timedelta
from typing import Any

from sqlalchemy import Engine, func, inspect, select
from sqlalchemy.orm import Session

from osmod.cli.checks.finding import Finding, error, note, ok, warning
from osmod.jobs.records.glance import length
from osmod.moderation.database import OF_COMMANDS, OF_LONG_COMMANDS, Patience, connect, open_session
from osmod.moderation.locked_tables import first_locked
from osmod.moderation.migrations import problems
from osmod.moderation.migrations.schema import osmod_tables
from osmod.moderation.models import Comment, now
from osmod.settings import Settings, masked

NAMES = {"sqlite": "SQLite", "mysql": "MySQL", "mariadb": "MariaDB"}
#: By how much clocks may differ: less than what is left of a claim when telling must be over.
OFF = timedelta(seconds=30)
OLDEST = {"MySQL": (5, 7), "MariaDB": (10, 6)}


def check_database(settings: Settings) -> Iterator[Finding]:
    """Whether it answers and has every table, in a form in which a task can be undone."""
    with open_engine(settings) as engine:
        yield from _look(engine, settings.database_url)


@contextmanager
def open_engine(settings: Settings, *, create: bool = False, long: bool = False) -> Iterator[Engine]:
    """An engine that leaves no connection open.

    Parameters:
      create: whether SQLite's file may be made.
      long: whether a statement may take long because it goes through a whole table.
    """
    patience = OF_LONG_COMMANDS if long else OF_COMMANDS
    engine = connect(settings.database_url, create=create, patience=patience)
    try:
        if engine.dialect.name != "sqlite":
            _knock(settings.database_url, patience)
        yield engine
    finally:
        engine.dispose()


def _knock(url: str, patience: Patience) -> None:
    """Have the server let us in once, within the time for that: a driver gives its greeting as long as any answer."""
    engine = connect(url, create=False, patience=replace(patience, answer=patience.connect))
    try:
        engine.connect().close()
    finally:
        engine.dispose()


@contextmanager
def open_database(settings: Settings, *, long: bool = False) -> Iterator[Session]:
    """A session on the database, which leaves no connection open; `long` as of `open_engine`."""
    with open_engine(settings, long=long) as engine, open_session(engine) as session:
        yield session


def _look(engine: Engine, url: str) -> Iterator[Finding]:
    with engine.connect():
        pass
    yield _server(engine, url)
    yield from _clock(engine)
    found = problems(engine)
    yield from map(error, found)
    if not found:
        yield ok("every table is there")
    if locked := first_locked(engine):
        yield error(locked)
        return
    if inspect(engine).has_table(Comment.__tablename__):
        yield from _engines(engine)
        yield from _indexes(engine)


def _server(engine: Engine, url: str) -> Finding:
    dialect: Any = engine.dialect
    version = dialect.server_version_info
    shown = ".".join(str(part) for part in version[:3])
    name = "MariaDB" if getattr(dialect, "is_mariadb", False) else NAMES.get(dialect.name, dialect.name)
    oldest = OLDEST.get(name)
    if oldest and version[:2] < oldest:
        return error(f"{name} {shown} is too old: {name} {'.'.join(map(str, oldest))} or newer is needed.")
    return ok(f"{name} {shown} answers at {masked(url)}")


def _clock(engine: Engine) -> Iterator[Finding]:
    """Workers time by their own clocks for how long a decision is theirs to tell."""
    if engine.dialect.name == "sqlite":
        return
    with engine.connect() as connection:
        there = connection.execute(select(func.utc_timestamp(6))).scalar_one()
    ahead = now() - there.replace(tzinfo=UTC)
    if abs(ahead) > OFF:
        side = "ahead of" if ahead > timedelta() else "behind"
        yield warning(
            f"this machine's clock is {length(abs(ahead))} {side} the database's: publishers may be told by two "
            "workers at the same time, and moments are wrong; keep both right (NTP)."
        )


def _engines(engine: Engine) -> Iterator[Finding]:
    """A table that knows no transactions would keep half of a task that failed."""
    if engine.dialect.name == "sqlite":
        return
    with engine.connect() as connection:
        rows = connection.exec_driver_sql(
            "SELECT table_name, engine FROM information_schema.tables WHERE table_schema = DATABASE()"
        ).all()
    for name, storage in rows:
        if name in osmod_tables() and storage != "InnoDB":
            yield error(
                f"table {name} is {storage}, without transactions: ALTER TABLE {name} ENGINE = InnoDB."
            )


def _indexes(engine: Engine) -> Iterator[Finding]:
    firsts = {
        columns[0]
        for index in inspect(engine).get_indexes(Comment.__tablename__)
        if (columns := index["column_names"])
    }
    if "sourceId" not in firsts:
        yield note(
            "comments.sourceId has no index (OSMod makes none): a flag on a comment that another program stored "
            "without postProcessComment reads the whole table; where there are many: "
            "CREATE INDEX sourceId_index ON comments (sourceId)."
        )
