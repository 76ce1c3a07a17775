"""A database with nobody in it, and a session on it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from osmod.moderation.database import open_session


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    """A session on an empty database; what a test does in it is rolled back."""
    with open_session(engine) as session:
        yield session
