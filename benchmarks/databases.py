"""Databases to measure with, which are gone afterwards."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from pathlib import Path

from sqlalchemy import make_url

from tests.databases import mariadb_database, mariadb_server, server_problem

DATABASES = ("sqlite", "mariadb")
#: Makes a new, empty database; the block gets its URL.
NewDatabase = Callable[[], AbstractContextManager[str]]


@contextmanager
def databases(names: Iterable[str]) -> Iterator[dict[str, NewDatabase]]:
    """What makes databases, by name: files of SQLite, and those of a MariaDB server of one's own.

    Raises:
      SystemExit: MariaDB is wanted, and not installed.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="osmod-bench-")))
        made: dict[str, NewDatabase] = {}
        if "sqlite" in names:
            made["sqlite"] = partial(_file, folder)
        if "mariadb" in names:
            if problem := server_problem():
                raise SystemExit(f"MariaDB cannot be measured: {problem}; --databases sqlite leaves it out")
            (folder / "mariadb").mkdir()
            server = stack.enter_context(mariadb_server(folder / "mariadb"))
            made["mariadb"] = partial(_on_server, server.render_as_string(hide_password=False))
        yield made


@contextmanager
def _file(folder: Path) -> Iterator[str]:
    with tempfile.TemporaryDirectory(dir=folder) as name:
        yield f"sqlite:///{name}/bench.db"


@contextmanager
def _on_server(server: str) -> Iterator[str]:
    with mariadb_database(make_url(server), "bench") as url:
        yield url.render_as_string(hide_password=False)
