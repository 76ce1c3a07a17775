"""This process's connections to the database."""

from __future__ import annotations

import threading
from functools import cache

from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import ExceptionContext

from osmod.moderation.database import OF_JOBS, Patience, connect
from osmod.moderation.database_errors import away
from osmod.moderation.migrations import upgrade
from osmod.outages import Outage
from osmod.settings import get_settings

_opening = threading.Lock()
_patience = OF_JOBS
_outage = Outage("database")


def get_engine() -> Engine:
    """This process's connection pool to the database of the settings. SQLite, for laptops, sets itself up."""
    with _opening:
        return _open_engine(get_settings().database_url, _patience)


def be_patient(patience: Patience) -> None:
    """Have this process wait so long for its database, from now on; the default is that of jobs."""
    global _patience
    _patience = patience


@cache
def _open_engine(url: str, patience: Patience) -> Engine:
    engine = connect(url, patience=patience)
    _watch(engine, url)
    if engine.dialect.name == "sqlite":
        upgrade(engine)
    return engine


def _watch(engine: Engine, url: str) -> None:
    """Have it logged, once for all jobs, when the database goes away and when it is back."""

    @event.listens_for(engine, "handle_error")
    def failed(context: ExceptionContext) -> None:
        if sentence := away(context.sqlalchemy_exception, url):
            _outage.met(sentence)

    @event.listens_for(engine, "commit")
    def committed(_connection: Connection) -> None:
        _outage.over()
