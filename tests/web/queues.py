"""A real queue for the app, whose jobs otherwise run where they are sent. Import the fixture to have it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from dramatiq import Broker
from dramatiq import broker as global_broker
from fastapi import FastAPI

import actors
from osmod.jobs.broker import JobBroker
from osmod.jobs.setup import default_middleware
from osmod.settings import get_settings


@pytest.fixture
def queue(app: FastAPI, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[JobBroker]:
    """Jobs wait in it; nobody works."""
    broker = JobBroker(url=redis_url, middleware=default_middleware(get_settings()), send_patience=200)
    put_in_place(broker, monkeypatch)
    yield broker
    broker.close()


def put_in_place(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have all actors belong to this broker, for the test."""
    for name in actors.__all__:
        actor = getattr(actors, name)
        monkeypatch.setattr(actor, "broker", broker)
        broker.actors.pop(actor.actor_name, None)
        broker.declare_actor(actor)
    monkeypatch.setattr(global_broker, "global_broker", broker)
