"""One transaction at a time, which changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

_waiting: list[Callable[[], Any]] = []


@contextmanager
def atomic() -> Iterator[None]:
    """Runs what waits for the commit at its end; forgets it if the block fails."""
    try:
        yield
        for waiting in _waiting:
            waiting()
    finally:
        _waiting.clear()


def on_commit(func: Callable[[], Any]) -> None:
    """Runs `func` after the commit."""
    _waiting.append(func)
