"""The connection to the database: MySQL and MariaDB as OSMod's, SQLite for a laptop."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, cast

from sqlalchemy import (
    Connection,
    Engine,
    Executable,
    Insert,
    Select,
    Table,
    create_engine,
    delete,
    event,
    insert,
    make_url,
    select,
)
from sqlalchemy.dialects import mysql, sqlite
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError
from sqlalchemy.orm import QueryableAttribute, Session
from sqlalchemy.pool import PoolResetState

from osmod.moderation.models import Base
from osmod.moderation.one_asks import let_one_ask
from osmod.settings import database_problem


@dataclass(frozen=True)
class Patience:
    """How many seconds a process waits for its database.

    Attributes:
      connect: for a connection.
      answer: for an answer of MySQL, which waits for locks no longer than `lock`.
      lock: for what another transaction holds.
      table: for a table that another session of MySQL has locked, as by `LOCK TABLES` or while it alters it; None:
        as long as the server says, which is a day or more, so in effect for as long as an answer.
      pool: for a connection that others of the process use.
      tries: after so many seconds, a transaction that lost is not tried again.
      one_asks: whether only one thread waits for a database that was found to be away, and others hear so at once.
    """

    connect: float = 10
    answer: float = 60
    lock: int = 20
    table: int | None = None
    pool: int = 30
    tries: float = math.inf
    one_asks: bool = False


#: A job can wait, though for less than its time limit, which cannot interrupt a blocked socket.
OF_JOBS = Patience()
#: A client cannot.
OF_REQUESTS = Patience(connect=3, answer=5, lock=3, pool=3, tries=3, one_asks=True)
#: Who typed a command that looks something up, or writes a row, wants to hear soon that nothing comes.
OF_COMMANDS = Patience(connect=5, answer=8, lock=5, table=5, pool=5, tries=5)
#: Of a command whose statements may go through a whole table: waited for, though not for what others do.
OF_LONG_COMMANDS = Patience(connect=5, lock=5, table=20, pool=5, tries=20)
#: The execution option of an engine that has `Patience.tries`.
TRIES = "osmod_tries"
#: Connections of a process at most. Each is kept: to make one takes longer than a short transaction.
_POOL = {"pool_size": 30, "max_overflow": 0}
#: In the `info` of a connection: see `is_committed`.
_COMMITTED = "osmod_committed"


def connect(url: str, *, create: bool = True, patience: Patience = OF_JOBS) -> Engine:
    """An engine for `url`, with the transaction rules that the tasks rely on.

    MySQL and MariaDB: READ COMMITTED (a task reads what is committed once it holds a comment's row),
    UTC. SQLite: one writer at a time from the first statement on, WAL, foreign keys enforced. Nothing is
    connected yet. Errors do not show the values of a statement: they may be private.

    Parameters:
      create: whether SQLite's file may be made, with its folder, or changed to WAL; not by who only looks.
      patience: for how long it waits.

    Raises:
      sqlalchemy.exc.ArgumentError: the URL is malformed, or its driver is not there or lacks an option.
      FileNotFoundError: SQLite's file is not there, and is not to be made.
    """
    if said := database_problem(url):
        raise ArgumentError(said)
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return _sqlite(parsed, patience, create=create)
    engine = create_engine(
        parsed,
        isolation_level="READ COMMITTED",
        pool_reset_on_return=None,
        **_POOL,
        pool_recycle=1800,
        pool_timeout=patience.pool,
        **_of_every_engine(patience),
        connect_args={
            "connect_timeout": patience.connect,
            "read_timeout": patience.answer,
            "write_timeout": patience.answer,
            "init_command": _session_settings(patience),
        },
    )

    if patience.one_asks:
        let_one_ask(engine, url, patience.answer)

    @event.listens_for(engine, "reset")
    def undo(connection: Any, record: Any, state: PoolResetState) -> None:
        committed = record.info.pop(_COMMITTED, False)
        if not (committed or state.transaction_was_reset or state.terminate_only):
            connection.rollback()

    return engine


def open_session(bind: Engine | Connection) -> Session:
    """A session that writes only when told to (`flush`), so that the number of statements is ours."""
    return Session(bind, autoflush=False, expire_on_commit=False)


def is_committed(connection: Connection) -> None:
    """Say, right after its COMMIT, that nothing is left to roll back: its way back to the pool costs no statement."""
    connection.info[_COMMITTED] = True


def delete_before(
    session: Session,
    key: QueryableAttribute[Any],
    moment: QueryableAttribute[Any],
    before: datetime,
    limit: int,
) -> int:
    """Delete at most `limit` rows whose `moment` is before another one, oldest first; return how many.

    Parameters:
      key: the primary key of their table.
    """
    ids = session.scalars(select(key).where(moment < before).order_by(moment).limit(limit)).all()
    session.execute(delete(key.class_).where(key.in_(ids)).execution_options(synchronize_session=False))
    return len(ids)


def upsert(
    session: Session, model: type[Base], rows: Sequence[dict[str, Any]], update: Sequence[str]
) -> None:
    """Insert `rows` (attribute name → value) in one statement; where the primary key is there, set `update`."""
    _insert(session, model, rows, tuple(update))


def upsert_selected(
    connection: Connection,
    model: type[Base],
    rows: Select[Any],
    update: Sequence[str],
    parameters: dict[str, Any],
) -> None:
    """As `upsert`, of rows that the database makes itself; they have all columns of the table, in its order."""
    statement = _insert_statement(model, connection.dialect.name, _column_names(model, update), rows)
    connection.execute(statement, parameters)


def insert_all(session: Session, model: type[Base], rows: Sequence[dict[str, Any]]) -> None:
    """Insert `rows`, all of the same attributes, in one statement: half the work of the session's own way.

    Raises:
      IntegrityError: one is there already.
    """
    if rows:
        session.connection().execute(insert(cast("Table", model.__table__)), _by_columns(model, rows))


def insert_one(connection: Connection, statement: Insert, row: dict[str, Any]) -> int:
    """Insert a row (column name → value) into a table that counts its key by itself; the key."""
    key = connection.execute(statement, row).inserted_primary_key
    assert key is not None
    return int(key[0])


def insert_missing(session: Session, model: type[Base], rows: Sequence[dict[str, Any]]) -> None:
    """Insert `rows` in one statement; those that a unique key says are there already stay as they are."""
    _insert(session, model, rows, ())


def _by_columns(model: type[Base], rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    columns = model.__mapper__.columns
    names = {attribute: columns[attribute].name for row in rows[:1] for attribute in row}
    return [{names[attribute]: value for attribute, value in row.items()} for row in rows]


def _insert(
    session: Session, model: type[Base], rows: Sequence[dict[str, Any]], update: tuple[str, ...]
) -> None:
    if rows:
        dialect = session.get_bind().dialect.name
        statement = _insert_statement(model, dialect, _column_names(model, update))
        session.connection().execute(statement, _by_columns(model, rows))


def _column_names(model: type[Base], attributes: Sequence[str]) -> tuple[str, ...]:
    return tuple(model.__mapper__.columns[name].name for name in attributes)


@cache
def _insert_statement(
    model: type[Base], dialect: str, update: tuple[str, ...], rows: Select[Any] | None = None
) -> Executable:
    table = cast("Table", model.__table__)
    key = list(table.primary_key)
    names = [column.name for column in table.columns]
    if dialect == "sqlite":
        into = sqlite.insert(table)
        if rows is not None:
            into = into.from_select(names, rows)
        if not update:
            return into.on_conflict_do_nothing()
        return into.on_conflict_do_update(
            index_elements=key, set_={name: into.excluded[name] for name in update}
        )
    onto = mysql.insert(table)
    if rows is not None:
        onto = onto.from_select(names, rows)
    # To set a column to itself is to do nothing; INSERT IGNORE would overlook other errors, too. MySQL refuses that of
    # a key that counts by itself, where another unique key has met a row.
    itself = next((column for column in table.columns if not column.primary_key), key[0])
    changed = {name: onto.inserted[name] for name in update} or {itself.name: itself}
    return onto.on_duplicate_key_update(changed)


def _of_every_engine(patience: Patience) -> dict[str, Any]:
    """Errors show a statement without the comments and readers in it: they go into logs and records."""
    return {"hide_parameters": True, "execution_options": {TRIES: patience.tries}}


def _session_settings(patience: Patience) -> str:
    waits = f"SET time_zone = '+00:00', innodb_lock_wait_timeout = {patience.lock}"
    return waits if patience.table is None else f"{waits}, lock_wait_timeout = {patience.table}"


def _sqlite(url: URL, patience: Patience, *, create: bool) -> Engine:
    in_memory = url.database in (None, "", ":memory:")
    if not in_memory:
        path = Path(str(url.database))
        if create:
            path.parent.mkdir(parents=True, exist_ok=True)
        elif not path.exists():
            raise FileNotFoundError(0, "it is not there yet: run `osmod db upgrade`", str(url))
    engine = create_engine(
        url,
        connect_args={"timeout": patience.lock, "check_same_thread": False},
        **({} if in_memory else {**_POOL, "pool_timeout": patience.pool}),
        **_of_every_engine(patience),
    )
    pragmas = ["synchronous = NORMAL", "foreign_keys = ON", *(["journal_mode = WAL"] if create else [])]

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # BEGIN is ours to say, below
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine
