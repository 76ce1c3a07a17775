"""While a database is away, one thread of a process waits for it, and the others hear so soon.

Else each request waits for itself: of four hundred, in forty threads, the last heard after half a minute.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.engine import ExceptionContext

from osmod.moderation.database_errors import LOST, away

#: Seconds that the others give to the one that asks: a server that is well lets it in sooner, and a single statement
#: that took too long looks like a server that is away.
SOON = 1.0


class OneAsks:
    """Who may ask a server that did not answer.

    Parameters:
      seconds: after so many without a failure whoever wants to may ask again.
      soon: seconds from when one asks on, in which the others wait for what comes of it.
    """

    def __init__(self, seconds: float, soon: float = SOON) -> None:
        self._seconds, self._soon = seconds, soon
        self._changed = threading.Condition()
        self._until = 0.0
        self._asked: float | None = None

    def failed(self) -> None:
        """It did not answer somebody."""
        with self._changed:
            self._until = time.monotonic() + self._seconds

    @contextmanager
    def turn(self) -> Iterator[bool]:
        """Whether the caller may ask, in the length of the block; if nothing is raised in it, it has answered."""
        with self._changed:
            if self._asked is not None:
                self._changed.wait_for(
                    lambda: self._asked is None, self._asked + self._soon - time.monotonic()
                )
            well = time.monotonic() >= self._until
            first = not well and self._asked is None
            if first:
                self._asked = time.monotonic()
        answered = False
        try:
            yield well or first
            answered = True
        finally:
            if first:
                self._say(answered=answered)

    def _say(self, *, answered: bool) -> None:
        with self._changed:
            self._asked = None
            if answered:
                self._until = 0.0
            self._changed.notify_all()


def let_one_ask(engine: Engine, url: str, seconds: float) -> None:
    """Have `engine` connect so. What has failed costs it its connections, so that whoever comes then connects anew."""
    one = OneAsks(seconds)

    @event.listens_for(engine, "do_connect")
    def connecting(dialect: Any, _record: Any, arguments: Any, options: Any) -> Any:
        with one.turn() as may:
            if not may:
                raise dialect.loaded_dbapi.OperationalError(LOST, "another thread waits for it, timed out")
            return dialect.connect(*arguments, **options)

    @event.listens_for(engine, "handle_error")
    def failed(context: ExceptionContext) -> None:
        if away(context.sqlalchemy_exception, url):
            one.failed()
