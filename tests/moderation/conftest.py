"""The world that the moderation tests start in."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from tests.moderation.world import World


@pytest.fixture
def world(engine: Engine) -> World:
    """An empty database to moderate in."""
    return World(engine)
