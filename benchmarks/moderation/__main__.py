"""`python -m benchmarks.moderation`: statements of each task, and growth with the article, on both databases."""

from __future__ import annotations

import argparse
import logging
import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

import dramatiq
from dramatiq import Actor
from sqlalchemy import Engine, create_engine, make_url
from sqlalchemy.exc import OperationalError

from benchmarks.moderation import growth, statements
from benchmarks.moderation.scene import Deliver, OneJob, Scene
from osmod.jobs.setup import make_broker
from osmod.settings import get_settings

SERVER = os.environ.get("TEST_DATABASE_SERVER", "mysql+pymysql://root@127.0.0.1:3306/")
SIZES = (10, 1_000, 100_000)
CALLS = 100
BY_SOURCE_ID = ["processTagAddition"]
NOTE = (
    "* with an index on comments.sourceId. OSMod's tables have none, so what looks for a comment by its sourceId\n"
    "reads the whole table until somebody adds it (`osmod check` says how)."
)


def main() -> None:
    """Measure and print."""
    arguments = _arguments()
    logging.disable()
    os.environ["WORKER_RUN_IMMEDIATELY"] = "true"
    options = make_broker(get_settings()).actor_options
    broker = OneJob()
    broker.actor_options |= options
    dramatiq.set_broker(broker)
    databases = ["SQLite"]
    if problem := _problem(arguments.server):
        print(f"MariaDB is not measured: {problem}\n")
    else:
        databases.append("MariaDB")
    _print_statements(databases[-1], arguments)
    for database in databases:
        _print_growth(database, arguments)


def _print_statements(database: str, arguments: argparse.Namespace) -> None:
    with _database(database, arguments.server) as engine:
        found = statements.measure(Scene(engine, size=100, comments=100), _deliverer(engine))
    print(f"SQL statements of a task, COMMIT included ({database})\n")
    print(f"{'task':32}{'ours':>6}{'OSMod':>8}")
    for task, count in found.items():
        print(f"{task:32}{count:>6}{statements.OSMODS.get(task, '-'):>8}")
    print()


def _print_growth(database: str, arguments: argparse.Namespace) -> None:
    with ExitStack() as stack:
        scenes = []
        for size in arguments.sizes:
            engine = stack.enter_context(_database(database, arguments.server))
            scene = Scene(engine, size, growth.comments_needed(arguments.calls))
            scenes.append((scene, _deliverer(engine)))
        print(f"Median milliseconds of {arguments.calls} calls, by comments of the article ({database})\n")
        print(f"{'task':24}" + "".join(f"{size:>10,}" for size in arguments.sizes) + "   last : first")
        for task, times in growth.measure(scenes, arguments.calls):
            _print_times(task, times)
        for scene, _ in scenes:
            with scene.engine.begin() as connection:
                connection.exec_driver_sql("CREATE INDEX sourceId_index ON comments (sourceId)")
        for task, times in growth.measure(scenes, arguments.calls, BY_SOURCE_ID):
            _print_times(f"{task} *", times)
        print("\n" + NOTE + "\n")


def _print_times(task: str, times: list[float]) -> None:
    figures = "".join(f"{ms:>10.2f}" for ms in times)
    print(f"{task:24}{figures}{times[-1] / times[0]:>15.2f}", flush=True)


def _deliverer(engine: Engine) -> Deliver:
    url = engine.url.render_as_string(hide_password=False)
    return partial(_deliver, url)


def _deliver(url: str, wire_name: str, **arguments: Any) -> None:
    if os.environ.get("DATABASE_URL") != url:
        os.environ["DATABASE_URL"] = url
        get_settings.cache_clear()
    import actors  # only now: the broker is set

    actor: Actor[..., Any] = dramatiq.get_broker().get_actor(wire_name)
    assert actors.__all__
    actor.send(**arguments)


def _problem(server: str) -> str | None:
    try:
        create_engine(server).connect().close()
    except OperationalError as error:
        return str(error.orig)
    return None


@contextmanager
def _database(kind: str, server: str) -> Iterator[Engine]:
    from osmod.task import get_engine

    with ExitStack() as stack:
        if kind == "SQLite":
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="osmod-bench-"))
            url = f"sqlite:///{folder}/bench.db"
        else:
            url = stack.enter_context(_mysql(server))
        os.environ["DATABASE_URL"] = url
        get_settings.cache_clear()
        engine = get_engine()  # the tasks' own, so that their statements are seen
        yield engine
        engine.dispose()


@contextmanager
def _mysql(server: str) -> Iterator[str]:
    name = f"osmod_bench_{os.urandom(4).hex()}"
    engine = create_engine(server)
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name} CHARACTER SET utf8mb3")
        try:
            url = make_url(server).set(database=name, query={"charset": "utf8mb4"})
            yield url.render_as_string(hide_password=False)
        finally:
            connection.exec_driver_sql(f"DROP DATABASE {name}")
    engine.dispose()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.moderation", description=__doc__)
    parser.add_argument("--server", default=SERVER, help="a MariaDB or MySQL server (default: %(default)s)")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="comments of the articles")
    parser.add_argument("--calls", type=int, default=CALLS, help="calls measured (default: %(default)s)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
