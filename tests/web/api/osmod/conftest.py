"""The app with a queue whose Redis is away."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from dramatiq import broker as global_broker
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine

import actors
from osmod import settings
from osmod.jobs.broker import JobBroker
from osmod.jobs.setup import default_middleware
from tests.moderation.world import World
from tests.ports import free_port
from tests.web.routes import make_app

#: Milliseconds.
PATIENCE = 60


@pytest.fixture
def world(engine: Engine) -> World:
    """What is moderated."""
    return World(engine)


@pytest.fixture
def queued(immediate: None, monkeypatch: pytest.MonkeyPatch) -> FastAPI:
    """The app, whose jobs are queued in a Redis that does not answer."""
    monkeypatch.setenv("WORKER_RUN_IMMEDIATELY", "false")
    monkeypatch.setenv("REDIS_URL", f"redis://127.0.0.1:{free_port()}")
    settings.get_settings.cache_clear()
    own = settings.get_settings()
    broker = JobBroker(url=own.redis_url, middleware=default_middleware(own), send_patience=PATIENCE)
    monkeypatch.setattr(global_broker, "global_broker", broker)
    for name in actors.__all__:
        monkeypatch.setattr(getattr(actors, name), "broker", broker)
        broker.declare_actor(getattr(actors, name))
    return make_app()


@pytest.fixture
def without_redis(queued: FastAPI) -> Iterator[TestClient]:
    """Asks it."""
    with TestClient(queued, raise_server_exceptions=False) as client:
        yield client
