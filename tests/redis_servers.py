"""Redis servers to test on: the embedded Valkey, and a `redis-server` started by the tests on a port of its own.

Never one that runs already: the tests empty what they use.
"""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from osmod.embedded import free_port

START_SECONDS = 20


def redis_problem() -> str | None:
    """Why the tests cannot run on Redis itself, or None."""
    return None if shutil.which("redis-server") else "no redis-server is installed"


@contextmanager
def redis_server(folder: Path) -> Iterator[str]:
    """The machine's `redis-server`, append-only as in production; yields its URL."""
    port = free_port()
    options = {"port": str(port), "bind": "127.0.0.1", "dir": str(folder), "appendonly": "yes", "save": ""}
    command = ["redis-server", *(word for name, value in options.items() for word in (f"--{name}", value))]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            _wait_until_ready(process, port)
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            process.terminate()


def _wait_until_ready(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    with redis.Redis(host="127.0.0.1", port=port, retry=Retry(NoBackoff(), 0)) as client:
        while time.monotonic() < deadline and process.poll() is None:
            try:
                client.ping()
            except (redis.ConnectionError, redis.BusyLoadingError):
                time.sleep(0.01)
            else:
                return
    raise RuntimeError(f"redis-server did not start on port {port}")
