"""The real actors on the test's database, with a queue in the test's hands."""

from __future__ import annotations

from collections.abc import Iterator

import dramatiq
import pytest
from dramatiq import broker as global_broker
from sqlalchemy import Engine

import actors
from osmod.task import get_engine
from tests.actors.jobs import HeldBroker, Jobs
from tests.moderation.conftest import world as world

ACTORS = [getattr(actors, name) for name in actors.__all__]


@pytest.fixture
def jobs(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Jobs]:
    """Jobs on the test's database."""
    monkeypatch.setenv("DATABASE_URL", engine.url.render_as_string(hide_password=False))
    broker = HeldBroker()
    for actor in ACTORS:
        broker.actors[actor.actor_name] = actor
        monkeypatch.setattr(actor, "broker", broker)
    monkeypatch.setattr(global_broker, "global_broker", broker)
    assert dramatiq.get_broker() is broker
    yield Jobs(broker)
    get_engine().dispose()
