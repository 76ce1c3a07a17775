"""Provoking what happens when transactions meet, without sleeping: threads, and who waits for whom."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from sqlalchemy import Engine

from tests.waiting import until

T = TypeVar("T")


@contextmanager
def in_thread(call: Callable[[], T]) -> Iterator[Future[T]]:
    """Run `call` in a thread of its own; it has ended when the block has."""
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(call)


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
            what=f"{transactions} transactions wait for a lock",
            every=0.11,  # InnoDB's list is made anew only where nobody read it for 0.1 seconds
        )
