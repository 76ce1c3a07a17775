"""`python -m tests.golden DIR [--database-url URL]`: run every case file in DIR and say which differ."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from sqlalchemy import create_engine, func, inspect, make_url, select

#: Differences shown of one case.
SHOWN = 12


def main() -> int:
    """Run the cases; exit status 1 if any differs."""
    arguments = _arguments()
    cases = sorted(arguments.directory.glob("*.json"))
    if not cases:
        print(f"no case files (*.json) in {arguments.directory}", file=sys.stderr)
        return 2
    with _database(arguments.database_url) as url:
        os.environ |= {"DATABASE_URL": url, "WORKER_RUN_IMMEDIATELY": "true"}
        failed = _run_all(cases)
    print(f"{len(cases) - failed} passed, {failed} failed")
    return 1 if failed else 0


def _run_all(paths: list[Path]) -> int:
    # Only now: importing the actors reads the settings.
    from osmod.moderation.migrations import upgrade
    from osmod.task import get_engine
    from tests.golden.case import Case
    from tests.golden.compare import differences
    from tests.golden.fake_scorer import fake_scorer
    from tests.golden.run import run

    engine = get_engine()
    upgrade(engine)
    failed = 0
    with fake_scorer() as scorer:
        for path in paths:
            case = Case.load(path)
            found = list(differences(case, run(case, engine, scorer)))
            if found:
                failed += 1
                print(f"{case.name}: {_summary(found)}", flush=True)
    engine.dispose()
    return failed


def _summary(found: list[str]) -> str:
    more = f"; and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return "; ".join(found[:SHOWN]) + more


@contextmanager
def _database(url: str | None) -> Iterator[str]:
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


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.golden", description=__doc__)
    parser.add_argument("directory", type=Path, help="the folder with the case files")
    parser.add_argument(
        "--database-url", help="an empty database (created if it is not there); default: SQLite"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
