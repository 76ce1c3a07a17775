"""Servers on asyncio, each with a thread and a loop of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol


class Serving(Protocol):
    """A server of one loop."""

    async def run(self, ready: Callable[[], None]) -> None:
        """Serve until `stop`; `ready` is called once it can be asked."""

    def stop(self) -> None:
        """Have `run` end. Called from another thread."""


@contextmanager
def in_a_thread(server: Serving, name: str) -> Iterator[None]:
    """It can be asked as long as the block runs."""
    ready = threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(server.run(ready.set)), name=name, daemon=True)
    thread.start()
    assert ready.wait(120)
    try:
        yield
    finally:
        server.stop()
        thread.join()
