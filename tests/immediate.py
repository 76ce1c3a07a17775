"""What the environment of a server without Redis says: jobs run where they are sent."""

from __future__ import annotations

import pytest
from dramatiq import broker as global_broker
from sqlalchemy import Engine

import actors
from osmod.jobs.setup import make_broker
from osmod.settings import get_settings


def immediately(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have all actors run where they are sent, on this database, for one test."""
    monkeypatch.setenv("WORKER_RUN_IMMEDIATELY", "true")
    monkeypatch.setenv("DATABASE_URL", engine.url.render_as_string(hide_password=False))
    broker = make_broker(get_settings())
    monkeypatch.setattr(global_broker, "global_broker", broker)
    for name in actors.__all__:
        actor = getattr(actors, name)
        monkeypatch.setattr(actor, "broker", broker)
        broker.actors[actor.actor_name] = actor
