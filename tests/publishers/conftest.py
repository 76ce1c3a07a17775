"""A world with a publisher, on both databases."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from osmod.settings import get_settings
from osmod.task import get_engine
from tests.actors.conftest import jobs as jobs
from tests.moderation.conftest import world as world
from tests.publishers.fake import Fake, publisher
from tests.publishers.scene import Scene


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[Fake]:
    """A publisher that answers over HTTP, and may be asked though it is on this machine."""
    monkeypatch.setenv("OSMOD_PRIVATE_WEBHOOKS", "true")
    get_settings.cache_clear()
    with publisher() as made:
        yield made


@pytest.fixture
def scene(engine: Engine, fake: Fake, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    """A comment of that publisher's, in the database of the settings."""
    monkeypatch.setenv("DATABASE_URL", engine.url.render_as_string(hide_password=False))
    get_settings.cache_clear()
    yield Scene(engine, fake)
    get_engine().dispose()
