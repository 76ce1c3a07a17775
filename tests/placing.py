"""The real actors on a broker of a test's own."""

from __future__ import annotations

import pytest
from dramatiq import Broker
from dramatiq import broker as global_broker

import actors


def put_in_place(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have all actors belong to this broker, for the test."""
    for name in actors.__all__:
        actor = getattr(actors, name)
        monkeypatch.setattr(actor, "broker", broker)
        broker.actors.pop(actor.actor_name, None)
        broker.declare_actor(actor)
    monkeypatch.setattr(global_broker, "global_broker", broker)
