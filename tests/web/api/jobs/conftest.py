"""The app on a queue in a Redis of the test's own, with jobs to look at."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import dramatiq
import pytest
from dramatiq import broker as global_broker
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import Response

import actors
from osmod.access.roles import Role
from osmod.jobs.broker import JobBroker
from osmod.jobs.setup import default_middleware
from osmod.settings import get_settings
from tests.web.conftest import MakeToken
from tests.web.routes import make_app

#: `ask("GET", "/jobs?state=failed")`: the answer of the API to an operator, or whoever else.
Ask = Callable[..., Response]


@pytest.fixture
def broker(immediate: None, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[JobBroker]:
    """The queue, with the project's actors."""
    monkeypatch.setenv("WORKER_RUN_IMMEDIATELY", "false")
    monkeypatch.setenv("REDIS_URL", redis_url)
    get_settings.cache_clear()
    broker = JobBroker(url=redis_url, middleware=default_middleware(get_settings()))
    monkeypatch.setattr(global_broker, "global_broker", broker)
    for name in actors.__all__:
        monkeypatch.setattr(getattr(actors, name), "broker", broker)
        broker.declare_actor(getattr(actors, name))
    dramatiq.set_broker(broker)
    yield broker
    broker.close()


@pytest.fixture
def app(broker: JobBroker) -> FastAPI:
    """The app on the queue."""
    return make_app()


@pytest.fixture
def ask(client: TestClient, token: MakeToken) -> Ask:
    """Ask the API, as an operator unless another role is named."""

    def ask(method: str, path: str, *, role: Role = Role.OPERATOR, json: object = None) -> Response:
        headers = {"Authorization": f"Bearer {token(role)}"}
        return client.request(method, f"/api{path}", headers=headers, json=json)

    return ask
