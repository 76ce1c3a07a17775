"""This process's connections to the database."""

from __future__ import annotations

import threading
from functools import cache

from sqlalchemy import Engine

from osmod.moderation.database import connect
from osmod.moderation.migrations import upgrade
from osmod.settings import get_settings

_opening = threading.Lock()


def get_engine() -> Engine:
    """This process's connection pool to the database of the settings. SQLite, for laptops, sets itself up."""
    with _opening:
        return _open_engine(get_settings().database_url)


@cache
def _open_engine(url: str) -> Engine:
    engine = connect(url)
    if engine.dialect.name == "sqlite":
        upgrade(engine)
    return engine
