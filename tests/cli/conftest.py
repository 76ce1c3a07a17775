"""Running `osmod` in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from dramatiq import broker as global_broker
from sqlalchemy import Engine

from osmod.cli import main
from osmod.cli.checks.finding import Finding, Level
from osmod.jobs.broker import JobBroker
from osmod.moderation.database import connect
from osmod.moderation.migrations import upgrade
from tests.redis_servers import Server, binaries, running

Run = Callable[..., Result]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Run `osmod` with the given words; data goes to a folder of the test's."""
    monkeypatch.setenv("OSMOD_HOME", str(tmp_path / "home"))
    return lambda *words: CliRunner().invoke(main, words, prog_name="osmod")


@pytest.fixture
def settled(engine: Engine, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """An engine on the database of the settings, up to date and empty."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    return engine


@pytest.fixture
def breakable(empty_database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """As `settled`, for tests that spoil the tables."""
    monkeypatch.setenv("DATABASE_URL", empty_database_url)
    engine = connect(empty_database_url)
    upgrade(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def broker(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[JobBroker]:
    """The queue of the settings and of this process."""
    monkeypatch.setenv("REDIS_URL", redis_url)
    made = JobBroker(url=redis_url)
    made.declare_queue("default")
    monkeypatch.setattr(global_broker, "global_broker", made)
    yield made
    made.close()


@pytest.fixture
def own_redis() -> Iterator[Server]:
    """A Redis that a test may break; it keeps nothing on disk."""
    with running(next(iter(binaries().values())), "--appendonly", "no") as server:
        yield server
        server.wake()


def bad(findings: list[Finding]) -> list[Finding]:
    """Those that something is to be done about."""
    return [finding for finding in findings if finding.level in (Level.WARNING, Level.ERROR)]
