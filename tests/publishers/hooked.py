"""A user who is a publisher by its webhook, on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Engine

from osmod.moderation.database import open_session
from osmod.moderation.models import User
from osmod.settings import get_settings
from tests.publishers.fake import Fake, publisher


@contextmanager
def hooked(engine: Engine, user_id: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[Fake]:
    """The publisher's side, over HTTP, for as long as the block runs; private addresses are allowed meanwhile."""
    monkeypatch.setenv("OSMOD_PRIVATE_WEBHOOKS", "true")
    get_settings.cache_clear()
    with publisher() as fake:
        with open_session(engine) as session:
            session.get_one(User, user_id).extra = {"webhook": fake.webhook}
            session.commit()
        yield fake
    get_settings.cache_clear()
