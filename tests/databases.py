"""Databases to test on: SQLite files, and databases of our own on a MariaDB that the tests start."""

from __future__ import annotations

import getpass
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pymysql
from sqlalchemy import Engine, make_url
from sqlalchemy.engine import URL

from osmod.moderation.database import connect
from osmod.moderation.migrations import upgrade
from osmod.moderation.models import Base
from tests.ports import free_port
from tests.waiting import until

#: In place of one that the tests start: the URL of a MariaDB or MySQL server, with a user that may create
#: databases named `osmod_test…` on it.
GIVEN = os.environ.get("TEST_DATABASE_SERVER")
#: How the tests talk to MariaDB: `pymysql`, or `mysqldb` (extra `mysql-c`).
DRIVER = os.environ.get("TEST_MYSQL_DRIVER", "pymysql")
#: TLS is prepared with each connection, whether or not the server has any: longer than a test's statements.
NO_TLS = {"pymysql": {"ssl_disabled": "1"}, "mysqldb": {"ssl_mode": "DISABLED"}}
#: The system grants asynchronous input and output to a few servers at a time only.
NO_AIO = "--innodb-use-native-aio=0"
PROGRAMS = ("mariadbd", "mariadb-install-db")
#: Seconds that a server may take to answer.
PATIENCE = 30.0


def server_problem() -> str | None:
    """Why no MariaDB can be used, or None. Asked once, so it costs nothing to ask early."""
    if GIVEN:
        try:
            _knock(make_url(GIVEN))
        except pymysql.Error as error:
            return f"no MariaDB at TEST_DATABASE_SERVER ({error.args[-1]})"
        return None
    missing = [name for name in PROGRAMS if _found(name) is None]
    return f"no {' and no '.join(missing)} on this machine" if missing else None


@contextmanager
def mariadb_server(folder: Path) -> Iterator[URL]:
    """The server given, or one started on an empty `folder` and gone afterwards.

    It writes to its files and leaves it to the system when these are on the disk: what a crash of the machine would
    cost is of no interest here, and creating and emptying tables is several times as fast. So it is where tables have
    no files of their own (`loose`: a server that cannot do without them has them).
    """
    if GIVEN:
        yield make_url(GIVEN)
        return
    account, data, port = getpass.getuser(), f"--datadir={folder / 'data'}", free_port()
    # A server deletes, as it starts, what it finds of temporary tables: in a folder of all servers also those in use.
    own = (data, f"--tmpdir={folder}", f"--user={account}", NO_AIO)
    install = ["--no-defaults", *own, "--auth-root-authentication-method=normal"]
    made = subprocess.run([str(_found("mariadb-install-db")), *install], capture_output=True, text=True)
    assert made.returncode == 0, made.stdout + made.stderr
    options = (
        "--bind-address=127.0.0.1",
        f"--port={port}",
        f"--socket={folder / 'socket'}",
        "--skip-name-resolve",
    )
    hasty = (
        "--innodb-flush-log-at-trx-commit=0",
        "--debug-no-sync",
        "--innodb-buffer-pool-size=64M",
        "--loose-innodb-file-per-table=0",
    )
    command = [str(_found("mariadbd")), "--no-defaults", *own, *options, *hasty]
    url = make_url(f"mysql+{DRIVER}://root@127.0.0.1:{port}/")
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        until(lambda: process.poll() is not None or _answers(url), PATIENCE, "MariaDB answers")
        assert process.poll() is None, (folder / "log").read_text()
        yield url
    finally:
        process.kill()
        process.wait()
        shutil.rmtree(folder)


@contextmanager
def mariadb_database(server_url: URL, suffix: str) -> Iterator[URL]:
    """A new, empty database with the character set of OSMod's; dropped at the end."""
    name = f"osmod_test_{os.getpid()}_{suffix}"
    server = connect(server_url.render_as_string(hide_password=False))
    _say(server, f"CREATE DATABASE `{name}` CHARACTER SET utf8mb3 COLLATE utf8mb3_general_ci")
    try:
        yield server_url.set(
            database=name, query={"charset": "utf8mb4", **NO_TLS[server_url.get_driver_name()]}
        )
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
            connection.exec_driver_sql("SET foreign_key_checks = 0, lock_wait_timeout = 60")
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


def _found(program: str) -> str | None:
    return shutil.which(program) or shutil.which(program, path="/usr/sbin:/usr/local/sbin")


def _answers(url: URL) -> bool:
    try:
        _knock(url)
    except pymysql.Error:
        return False
    return True


def _knock(url: URL) -> None:
    pymysql.connect(
        host=url.host,
        port=url.port or 3306,
        user=url.username,
        password=url.password or "",
        connect_timeout=30,
    ).close()
