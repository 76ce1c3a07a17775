"""Worker processes whose logs are read, and a queue to send them jobs."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from dramatiq import Message

from osmod.jobs.broker import JobBroker
from tests.chaos.pools import Pool
from tests.jobs.conftest import own_server  # noqa: F401
from tests.queue_counts import queue_counts
from tests.redis_servers import Server
from tests.waiting import until

#: Seconds for a worker to start and do its jobs, which on a busy machine are many.
PATIENCE = 100
_COMMANDS_OWN = re.compile(r"\[dramatiq\.MainProcess\]|Loading broker\.\.\.$")


class DramatiqPool(Pool):
    """`dramatiq tests.logs.app`."""

    module = "tests.logs.app"


class OsmodPool(DramatiqPool):
    """`osmod worker tests.logs.app`."""

    command = "tests.logs.osmod_worker"


KINDS = (DramatiqPool, OsmodPool)


class Logs:
    """A queue, and workers whose log is read."""

    def __init__(self, server: Server, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.server, self._url, self._folder = server, server.url, folder
        self._monkeypatch = monkeypatch
        self._pools: list[Pool] = []
        self.database = folder / "osmod.db"
        self.broker = JobBroker(url=server.url)
        self.broker.declare_queue("default")
        self.setenv(
            REDIS_URL=server.url,
            DATABASE_URL=f"sqlite:///{self.database}",
            WORKER_REMOVE_TASK_ON_COMPLETE="false",
        )

    def setenv(self, **variables: str) -> None:
        """Set environment variables for workers to come."""
        for name, value in variables.items():
            self._monkeypatch.setenv(name, value)

    def send(self, actor: str, *args: Any, **kwargs: Any) -> str:
        """Queue a job. Returns its id."""
        message: Message[Any] = Message("default", actor, args, kwargs, {})
        self.broker.enqueue(message)
        return message.message_id

    def work(self, *options: str, kind: type[Pool] = DramatiqPool, processes: int = 1) -> Pool:
        """Start workers."""
        pool = kind(self._url, self._folder / "events", "-t", "4", *options, processes=processes)
        self._pools.append(pool)
        return pool

    def until_ended(self, jobs: int) -> None:
        """Wait until so many jobs are done, failed or cancelled."""

        def ended() -> bool:
            counts = queue_counts(self.broker, "default")
            return counts.done + counts.failed + counts.cancelled >= jobs

        until(ended, PATIENCE, f"{jobs} jobs have ended")

    def lines(self, pool: Pool) -> list[str]:
        """What a pool wrote, once it has stopped; without what Dramatiq's command says before it knows of us."""
        pool.terminate()
        pool.wait()
        return [line for line in pool.said().splitlines() if not _COMMANDS_OWN.search(line)]

    def objects(self, pool: Pool) -> list[dict[str, Any]]:
        """The same, where each line is an object of JSON."""
        return [json.loads(line) for line in self.lines(pool)]

    def close(self) -> None:
        """Leave nothing running."""
        for pool in self._pools:
            pool.kill()
        self.broker.close()


@pytest.fixture
def logs(
    own_server: Callable[..., Server],  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Logs]:
    """A queue on a server of its own, and workers on it."""
    logs = Logs(own_server(), tmp_path, monkeypatch)
    yield logs
    logs.close()
