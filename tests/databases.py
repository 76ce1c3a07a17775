"""Databases to test on: SQLite files, and databases of our own on a MariaDB or MySQL server that runs here."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pymysql
from sqlalchemy import Engine, make_url
from sqlalchemy.engine import URL

from osmod.moderation.database import connect
from osmod.moderation.migrations import upgrade
from osmod.moderation.models import Base

#: The MariaDB or MySQL server, and a user that may create databases named `osmod_test…` on it.
SERVER_URL = os.environ.get("TEST_DATABASE_SERVER", "mysql+pymysql://root@127.0.0.1:3306/")


def server_problem() -> str | None:
    """Why no MariaDB can be used, or None. Asked once, so it costs nothing to ask early."""
    url = make_url(SERVER_URL)
    try:
        pymysql.connect(
            host=url.host,
            port=url.port or 3306,
            user=url.username,
            password=url.password or "",
            connect_timeout=3,
        ).close()
    except pymysql.Error as error:
        return f"no MariaDB at {url.host}:{url.port or 3306} ({error.args[-1]})"
    return None


@contextmanager
def mariadb_database(suffix: str) -> Iterator[URL]:
    """A new, empty database with the character set of OSMod's; dropped at the end."""
    name = f"osmod_test_{os.getpid()}_{suffix}"
    server = connect(SERVER_URL)
    _say(server, f"CREATE DATABASE `{name}` CHARACTER SET utf8mb3 COLLATE utf8mb3_general_ci")
    try:
        yield make_url(SERVER_URL).set(database=name, query={"charset": "utf8mb4"})
    finally:
        _say(server, f"DROP DATABASE `{name}`")
        server.dispose()


class SqliteTemplate:
    """A file with all tables, made once and copied for each test (about 1 ms)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._template = folder / "template.db"
        self._copies = 0
        engine = connect(f"sqlite:///{self._template}")
        upgrade(engine)
        engine.dispose()

    def fresh(self) -> URL:
        """The URL of a copy of its own, with empty tables."""
        self._copies += 1
        path = self._folder / f"test-{self._copies}.db"
        shutil.copyfile(self._template, path)
        return make_url(f"sqlite:///{path}")


class MariadbTemplate:
    """One database for all tests, emptied before each (about 2 ms for each table that was written to)."""

    def __init__(self, url: URL) -> None:
        self._url = url
        self._engine = connect(url.render_as_string(hide_password=False))
        upgrade(self._engine)

    def fresh(self) -> URL:
        """The URL of the database, with empty tables whose ids start at 1."""
        tables = Base.metadata.tables
        filled = " UNION ALL ".join(
            f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM `{name}`)" for name in tables
        )
        used = "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() AND auto_increment > 1"
        with self._engine.connect() as connection:
            written = set(connection.exec_driver_sql(f"{filled} UNION {used}").scalars())
            # A test that left a transaction open is to fail, not to hang.
            connection.exec_driver_sql("SET foreign_key_checks = 0, lock_wait_timeout = 10")
            for name in written & tables.keys():
                connection.exec_driver_sql(f"TRUNCATE TABLE `{name}`")
            connection.exec_driver_sql("SET foreign_key_checks = 1")
        return self._url

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()


def _say(server: Engine, statement: str) -> None:
    with server.connect() as connection:
        connection.exec_driver_sql(statement)
