"""A database for the cases to be run on, gone afterwards."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from sqlalchemy import create_engine, func, inspect, make_url, select


@contextmanager
def scratch_database(url: str | None) -> Iterator[str]:
    """The database to run on: a temporary SQLite file, or the one named, which must be new or empty."""
    if url is None:
        with tempfile.TemporaryDirectory(prefix="osmod-golden-") as folder:
            yield f"sqlite:///{folder}/golden.db"
        return
    parsed = make_url(url)
    own = _mysql_database(url) if parsed.get_backend_name() in ("mysql", "mariadb") else nullcontext()
    with own:
        yield url


@contextmanager
def _mysql_database(url: str) -> Iterator[None]:
    """Use the named database, created if need be; afterwards drop what was created."""
    parsed = make_url(url)
    name = parsed.database or ""
    server = create_engine(parsed.set(database=""))
    with server.begin() as connection:
        quoted = connection.dialect.identifier_preparer.quote(name)
        existed = name in inspect(connection).get_schema_names()
        if not existed:
            connection.exec_driver_sql(f"CREATE DATABASE {quoted} CHARACTER SET utf8mb4")
    before = _tables(url)
    try:
        _refuse_rows(url, before)
        yield
    finally:
        with server.begin() as connection:
            connection.exec_driver_sql("SET foreign_key_checks = 0")
            for table in _tables(url) - before:
                connection.exec_driver_sql(f"DROP TABLE {quoted}.{table}")
            if not existed:
                connection.exec_driver_sql(f"DROP DATABASE {quoted}")
        server.dispose()


def _tables(url: str) -> set[str]:
    engine = create_engine(url)
    with engine.connect() as connection:
        names = set(inspect(connection).get_table_names())
    engine.dispose()
    return names


def _refuse_rows(url: str, tables: set[str]) -> None:
    from osmod.moderation.models import Base

    engine = create_engine(url)
    with engine.connect() as connection:
        for table in Base.metadata.sorted_tables:
            if table.name in tables and connection.scalar(select(func.count()).select_from(table)):
                sys.exit(
                    f"{table.name} in {engine.url.database} holds rows, which the cases would delete: "
                    "name an empty database"
                )
    engine.dispose()
