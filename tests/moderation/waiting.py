"""Provoking what happens when transactions meet, without sleeping: threads, and who waits for whom."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from sqlalchemy import Engine

T = TypeVar("T")
PATIENCE = 10
"""Seconds until a condition that does not come true fails the test."""


@contextmanager
def in_thread(call: Callable[[], T]) -> Iterator[Future[T]]:
    """Run `call` in a thread of its own; it has ended when the block has."""
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(call)


def until(condition: Callable[[], bool], what: str, *, every: float = 0.005) -> None:
    """Wait until `condition` holds; ask `every` so many seconds."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"waited {PATIENCE} seconds for {what}"
        time.sleep(every)


def until_waiting(engine: Engine, transactions: int) -> None:
    """Wait until so many transactions of this MariaDB database wait for a lock."""
    name = engine.url.database
    question = (
        "SELECT COUNT(*) FROM information_schema.innodb_trx t JOIN information_schema.processlist p "
        f"ON p.id = t.trx_mysql_thread_id WHERE t.trx_state = 'LOCK WAIT' AND p.db = '{name}'"
    )
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        until(
            lambda: connection.exec_driver_sql(question).scalar_one() >= transactions,
            f"{transactions} transactions to wait for a lock",
            every=0.11,  # InnoDB's list is made anew only where nobody read it for 0.1 seconds
        )
