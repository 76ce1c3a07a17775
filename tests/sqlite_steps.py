"""How much SQLite does for statements: the same number each time, whatever else the machine is at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, event

#: Steps of SQLite's machine after which it is noted that they were done.
EACH = 20


@contextmanager
def steps(engine: Engine) -> Iterator[Callable[[], int]]:
    """Counts the steps of SQLite's machine in the block, on connections taken from the pool meanwhile."""
    done = 0

    def note() -> int:
        nonlocal done
        done += EACH
        return 0  # go on

    def watch(connection: Any, *_: Any) -> None:
        connection.set_progress_handler(note, EACH)

    def leave(connection: Any, *_: Any) -> None:
        connection.set_progress_handler(None, EACH)

    event.listen(engine, "checkout", watch)
    event.listen(engine, "checkin", leave)
    try:
        yield lambda: done
    finally:
        event.remove(engine, "checkout", watch)
        event.remove(engine, "checkin", leave)
