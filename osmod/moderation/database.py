"""The connection to the database: MySQL and MariaDB as OSMod's, SQLite for a laptop."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from sqlalchemy import Engine, Table, create_engine, event, make_url
from sqlalchemy.dialects import mysql, sqlite
from sqlalchemy.engine import URL
from sqlalchemy.orm import Session

from osmod.moderation.models import Base

MYSQL_TIMEOUTS = {"connect_timeout": 10, "read_timeout": 60, "write_timeout": 60}
"""Seconds. Shorter than a task's time limit, which cannot interrupt a blocked socket."""
LOCK_WAIT_SECONDS = 20


def connect(url: str) -> Engine:
    """An engine for `url`, with the transaction rules that the tasks rely on.

    MySQL and MariaDB: READ COMMITTED (a task reads what is committed once it holds a comment's row),
    UTC. SQLite: one writer at a time from the first statement on, WAL, foreign keys enforced; the file's
    folder is created. Nothing is connected yet. Raises `sqlalchemy.exc.ArgumentError` on a malformed URL.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return _sqlite(parsed)
    return create_engine(
        parsed,
        isolation_level="READ COMMITTED",
        pool_size=10,
        max_overflow=20,
        pool_recycle=1800,
        connect_args={
            **MYSQL_TIMEOUTS,
            "init_command": f"SET time_zone = '+00:00', innodb_lock_wait_timeout = {LOCK_WAIT_SECONDS}",
        },
    )


def open_session(engine: Engine) -> Session:
    """A session that writes only when told to (`flush`), so that the number of statements is ours."""
    return Session(engine, autoflush=False, expire_on_commit=False)


def upsert(
    session: Session, model: type[Base], rows: Sequence[dict[str, Any]], update: Sequence[str]
) -> None:
    """Insert `rows` (attribute name → value) in one statement; where the primary key is there, set `update`."""
    if not rows:
        return
    table = cast("Table", model.__table__)
    columns = {attribute: model.__mapper__.columns[attribute].name for attribute in rows[0]}
    values = [{columns[attribute]: value for attribute, value in row.items()} for row in rows]
    changed = [columns[attribute] for attribute in update]
    if session.get_bind().dialect.name == "sqlite":
        into = sqlite.insert(table).values(values)
        session.execute(
            into.on_conflict_do_update(
                index_elements=list(table.primary_key), set_={name: into.excluded[name] for name in changed}
            )
        )
    else:
        onto = mysql.insert(table).values(values)
        session.execute(onto.on_duplicate_key_update({name: onto.inserted[name] for name in changed}))


def _sqlite(url: URL) -> Engine:
    if url.database and url.database != ":memory:":
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, connect_args={"timeout": LOCK_WAIT_SECONDS, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # BEGIN is ours to say, below
        for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine
