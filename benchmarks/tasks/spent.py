"""Processor seconds and statements, of the processes that take part."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import psutil
from sqlalchemy import Engine, create_engine


class Server:
    """The database's server: its process, where it is one of this machine's, and how many statements it was sent."""

    def __init__(self, url: str) -> None:
        self._engine: Engine | None = None
        self._asked = 0
        self.process: psutil.Process | None = None
        if not url.startswith("sqlite"):
            self._engine = create_engine(url, isolation_level="AUTOCOMMIT", skip_autocommit_rollback=True)
            self.process = self._find()

    def statements(self) -> int:
        """How many it was sent so far, COMMIT and ROLLBACK included, without those that ask for it. 0: it is SQLite."""
        if self._engine is None:
            return 0
        with self._engine.connect() as connection:
            sent = connection.exec_driver_sql("SHOW GLOBAL STATUS LIKE 'Questions'").one()[1]
        self._asked += 1
        return int(sent) - self._asked

    def close(self) -> None:
        """Close the connections."""
        if self._engine is not None:
            self._engine.dispose()

    def _find(self) -> psutil.Process | None:
        assert self._engine is not None
        with self._engine.connect() as connection:
            path = Path(connection.exec_driver_sql("SELECT @@pid_file").scalar_one())
        try:
            return psutil.Process(int(path.read_text()))
        except (OSError, psutil.NoSuchProcess):
            return None  # it is another machine's


def seconds(processes: Iterable[psutil.Process | None]) -> float:
    """Processor seconds of processes, and of their children."""
    all_of_them = [
        one
        for process in processes
        if process is not None
        for one in (process, *process.children(recursive=True))
    ]
    return sum(one.cpu_times().user + one.cpu_times().system for one in all_of_them)
