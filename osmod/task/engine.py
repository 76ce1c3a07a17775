"""This process's connections to the database."""

from __future__ import annotations

import threading
from concurrent.futures import Future

from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import ExceptionContext

from osmod.moderation.database import OF_JOBS, Patience, connect
from osmod.moderation.database_errors import away
from osmod.moderation.migrations import upgrade
from osmod.outages import Outage
from osmod.settings import get_settings

_opening = threading.Lock()
_opened: dict[tuple[str, Patience], Future[Engine]] = {}
_patience = OF_JOBS
_outage = Outage("database")


def get_engine() -> Engine:
    """This process's connection pool to the database of the settings. SQLite, for laptops, sets itself up.

    One thread does that; those that come meanwhile have its engine, or its error: else each would wait for a locked
    file after the other. Whoever comes after an error tries again.
    """
    wanted = get_settings().database_url, _patience
    with _opening:
        opened = _opened.get(wanted)
        if first := opened is None:
            opened = _opened[wanted] = Future()
    if first:
        try:
            opened.set_result(_open_engine(*wanted))
        except BaseException as error:
            del _opened[wanted]
            opened.set_exception(error)
            raise
    return opened.result()


def be_patient(patience: Patience) -> None:
    """Have this process wait so long for its database, from now on; the default is that of jobs."""
    global _patience
    _patience = patience


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
