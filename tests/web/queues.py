"""A real queue for the app, whose jobs otherwise run where they are sent. Import the fixture to have it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi import FastAPI

from osmod.jobs.broker import JobBroker
from osmod.jobs.setup import default_middleware
from osmod.settings import get_settings
from tests.placing import put_in_place


@pytest.fixture
def queue(app: FastAPI, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[JobBroker]:
    """Jobs wait in it; nobody works."""
    broker = JobBroker(url=redis_url, middleware=default_middleware(get_settings()))
    put_in_place(broker, monkeypatch)
    yield broker
    broker.close()
