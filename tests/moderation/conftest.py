"""The worlds that the moderation tests start in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from osmod.moderation.database import connect
from tests.conftest import unavailable
from tests.moderation.world import World


@pytest.fixture
def world(engine: Engine) -> World:
    """An empty database to moderate in."""
    return World(engine)


@pytest.fixture
def mariadb(request: pytest.FixtureRequest, _mariadb_problem: str | None) -> Iterator[World]:
    """An empty MariaDB, for what needs transactions that meet: SQLite has one writer at a time."""
    chosen = request.config.getoption("--database")
    if chosen and "mariadb" not in chosen.split(","):
        pytest.skip("--database leaves MariaDB out")
    if _mariadb_problem:
        unavailable(_mariadb_problem)
    template = request.getfixturevalue("_mariadb")
    engine = connect(template.fresh().render_as_string(hide_password=False))
    yield World(engine)
    engine.dispose()
