"""What all tests share: a database, a Redis, and the promise to leave nothing behind.

Fixtures to ask for:

- `engine` / `database_url`: empty tables as `osmod db upgrade` makes them, on SQLite and again on MariaDB.
- `empty_database_url`: no tables at all, on both.
- `redis_url`: an empty Redis, on Valkey and again on Redis; the test must leave no key without expiry but
  the queue's own (`QUEUE_KEYS`). `redis_server` is the same for fixtures that live longer than one test.
- `sentinels`, `cluster`: a Redis behind Sentinel and a Redis Cluster, to be broken at will.

`@pytest.mark.only_on("mariadb")` keeps a test to one of them; `pytest --database sqlite --redis valkey` leaves
the others out. A service that is not installed here is skipped and named at the end; with `CI=true` it fails the
tests that need it.

`@pytest.mark.timed` is for what says how soon something is (tests/timed.py); all else waits for conditions, by
`tests.waiting.until`, which says what it saw when it fails. Ports are those of `tests.ports`.
"""

from __future__ import annotations

import uuid
from collections.abc import Generator, Iterator
from typing import Any

import psutil
import pytest
import redis
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from sqlalchemy import Engine
from sqlalchemy.engine import URL

from tests import isolation  # isort: skip # noqa: F401
from osmod import settings
from osmod.embedded import embedded_redis
from osmod.loading import nobody_collects
from osmod.moderation.database import connect
from tests import databases, services, statements
from tests.redis_servers import ASKING, binary_of, look_up_release_once, running

pytest_plugins = ["tests.promises", "tests.reasons", "tests.sharing", "tests.timed", "tests.topologies"]

# How long an example takes says nothing on a busy machine.
hypothesis_settings.register_profile(
    "patient", hypothesis_settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("patient")

DATABASES = ("sqlite", "mariadb")
REDIS_SERVERS = ("valkey", "redis")
#: How the keys begin that belong to the queue: it keeps jobs until they are done, so they do not expire.
QUEUE_KEYS = ("dramatiq:", "osmod:")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a run be limited to some databases and servers."""
    parser.addoption("--database", help=f"only these databases, of {','.join(DATABASES)}")
    parser.addoption("--redis", help=f"only these servers, of {','.join(REDIS_SERVERS)}")


def pytest_configure(config: pytest.Config) -> None:
    """Mark every process that the tests start."""
    config.addinivalue_line("markers", "only_on(name): of the databases and servers, run on this one only")
    services.mark_processes()
    if not hasattr(
        config, "workerinput"
    ):  # those that run the tests for another process are given its folder
        config.add_cleanup(services.own_temporary_folder())
    statements.share_compiled()
    look_up_release_once()


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Thousands of tests and all modules stay: nobody looks through them for garbage, now or between the tests."""
    with nobody_collects():
        return (yield)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test once for each database and each server that it uses."""
    for fixture, option, known in (
        ("_database", "--database", DATABASES),
        ("redis_server", "--redis", REDIS_SERVERS),
    ):
        if fixture in metafunc.fixturenames:
            chosen = (metafunc.config.getoption(option) or ",".join(known)).split(",")
            only = {name for mark in metafunc.definition.iter_markers("only_on") for name in mark.args}
            if only & set(known):
                chosen = [name for name in chosen if name in only]
            metafunc.parametrize(fixture, chosen, indirect=True, scope="session")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """One of several processes that run the tests tells the first of them which services it did without."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["not_tested"] = list(services.not_tested)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Hear of it."""
    services.not_tested.update(dict.fromkeys(getattr(node, "workeroutput", {}).get("not_tested", ())))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which services the tests did without."""
    for reason in services.not_tested:
        terminalreporter.write_line(f"NOT TESTED HERE: {reason}", yellow=True)


@pytest.fixture(scope="session")
def _sqlite(tmp_path_factory: pytest.TempPathFactory) -> databases.SqliteTemplate:
    return databases.SqliteTemplate(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(scope="session")
def _mariadb_problem() -> str | None:
    return databases.server_problem()


@pytest.fixture(scope="session")
def _mariadb_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[URL]:
    with databases.mariadb_server(tmp_path_factory.mktemp("mariadb")) as url:
        services.keep_running()
        yield url


@pytest.fixture(scope="session")
def _mariadb(_mariadb_server: URL) -> Iterator[databases.MariadbTemplate]:
    with databases.mariadb_database(_mariadb_server, "shared") as url:
        template = databases.MariadbTemplate(url)
        yield template
        template.close()


@pytest.fixture(scope="session")
def _database(request: pytest.FixtureRequest, _mariadb_problem: str | None) -> str:
    """Which database a test runs on."""
    if request.param == "mariadb" and _mariadb_problem:
        services.unavailable(_mariadb_problem)
    return str(request.param)


@pytest.fixture
def database_url(_database: str, request: pytest.FixtureRequest) -> str:
    """The URL of a database with all tables, empty."""
    template = request.getfixturevalue(f"_{_database}")
    return str(template.fresh().render_as_string(hide_password=False))


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """An engine on a database with all tables, empty."""
    engine = connect(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def empty_database_url(
    _database: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The URL of a database without any tables; for SQLite, of a file that is not there yet."""
    if _database == "sqlite":
        yield f"sqlite:///{tmp_path_factory.mktemp('empty') / 'osmod.db'}"
        return
    server = request.getfixturevalue("_mariadb_server")
    with databases.mariadb_database(server, uuid.uuid4().hex[:8]) as url:
        yield url.render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def _valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with embedded_redis(tmp_path_factory.mktemp("valkey")) as url:
        services.keep_running()
        yield url


@pytest.fixture(scope="session")
def _redis() -> Iterator[str]:
    with running(binary_of("redis"), "--appendonly", "yes") as server:
        services.keep_running()
        yield server.url


@pytest.fixture(scope="session")
def redis_server(request: pytest.FixtureRequest) -> str:
    """The URL of a Redis that the tests started. What is in it is whatever the last test left."""
    return str(request.getfixturevalue(f"_{request.param}"))


@pytest.fixture
def redis_url(redis_server: str) -> Iterator[str]:
    """The URL of an empty Redis. Keys without expiry that are not the queue's fail the test."""
    with redis.Redis.from_url(redis_server, **ASKING) as client:
        client.flushall()
        yield redis_server
        # Of the queue's keys there may be thousands.
        others = (name for name in client.scan_iter(count=10_000) if not name.startswith(QUEUE_KEYS))
        leaked = sorted(name for name in others if client.ttl(name) == -1)
        assert [] == leaked, "keys that never expire were left in Redis"


@pytest.fixture(autouse=True)
def _own_settings() -> Iterator[None]:
    """Settings are read anew in each test."""
    settings.get_settings.cache_clear()
    yield
    settings.get_settings.cache_clear()


@pytest.fixture(autouse=True, scope="module")
def _no_process_left(request: pytest.FixtureRequest) -> Iterator[None]:
    """A module whose tests leave a process running fails; the process is ended."""
    before = set(psutil.pids())
    yield
    assert [] == services.left_running(before), f"processes were left running by {request.node.name}"
