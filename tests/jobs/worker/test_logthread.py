"""Logging by a thread of its own."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator

import pytest

from osmod.jobs.worker.logthread import LogThread


class Reader(logging.Handler):
    """Takes what is logged once it is allowed to."""

    def __init__(self) -> None:
        super().__init__()
        self.reads = threading.Event()
        self.read: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Wait, then take it."""
        self.reads.wait()
        self.read.append(record.getMessage())


@pytest.fixture
def reader() -> Iterator[Reader]:
    """The first handler of all that is logged."""
    root, handler = logging.getLogger(), Reader()
    before, root.handlers[:] = root.handlers[:], [handler]
    yield handler
    handler.reads.set()
    root.handlers[:] = before


def test_what_was_logged_is_written_by_the_end(reader: Reader) -> None:
    """In its order, and from then on without the thread."""
    log = LogThread()
    logging.warning("one of %d", 2)
    logging.warning("two")
    reader.reads.set()

    assert log.stop()
    assert ["one of 2", "two"] == reader.read
    assert reader in logging.getLogger().handlers


def test_a_log_that_nobody_reads_holds_nobody_up(reader: Reader) -> None:
    """Who logs goes on, and is told at the end that something hangs."""
    log = LogThread()
    logging.warning("one")

    assert not log.stop()
    assert [] == reader.read
