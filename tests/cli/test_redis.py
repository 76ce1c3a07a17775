"""`osmod redis`: in the foreground, where REDIS_URL says, until it is stopped."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis

from osmod.embedded import is_listening
from tests.cli.conftest import Run
from tests.ports import free_port

SECONDS = 120


@contextmanager
def running(port: int, home: Path) -> Iterator[subprocess.Popen[str]]:
    """`osmod redis` in a process of its own, ready."""
    environment = os.environ | {"REDIS_URL": f"redis://localhost:{port}", "OSMOD_HOME": str(home)}
    with subprocess.Popen(
        [sys.executable, "-u", "-m", "osmod", "redis"], env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert (
            f"Redis (an embedded Valkey) is ready at redis://localhost:{port}\n" == process.stdout.readline()
        )
        yield process
        process.kill()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_runs_until_stopped(tmp_path: Path, how: signal.Signals) -> None:
    """It answers where REDIS_URL says, says where the data is, and ends cleanly with exit 0."""
    port = free_port()
    with running(port, tmp_path) as process:
        with redis.Redis(port=port) as client:
            client.set("queued", "1")
        process.send_signal(how)
        assert process.stdout
        rest = process.stdout.read()
        process.wait(SECONDS)
    assert 0 == process.returncode
    assert (
        f"  data    {tmp_path}/redis\n"
        f"  log     {tmp_path}/redis/valkey.log\n"
        "  next    in another terminal: osmod worker\n"
        "Ctrl-C stops it.\n"
        "Stopped; the data is kept.\n" == rest
    )
    assert not is_listening(port)
    with running(port, tmp_path), redis.Redis(port=port) as client:
        assert b"1" == client.get("queued")


def test_says_when_the_server_ends_by_itself(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A server that was shut down from elsewhere is an error, not silence."""
    port = free_port()
    with running(port, tmp_path) as process:
        with redis.Redis(port=port) as client:
            client.shutdown(nosave=True)
        process.wait(SECONDS)
    assert 1 == process.returncode
    assert f"Error: the Redis ended by itself; see {tmp_path}/redis/valkey.log.\n" == capfd.readouterr().err


def test_port_of_another_redis(run: Run, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Redis that runs there already can be used as it is."""
    monkeypatch.setenv("REDIS_URL", redis_url)
    port = redis_url.rsplit(":", 1)[1].removesuffix("/0")
    result = run("redis")
    assert 1 == result.exit_code
    assert (
        f"Error: something listens on port {port} already (a Redis, which you can use as it is): "
        "stop it first, or set another port in REDIS_URL.\n" == result.output
    )


def test_port_of_another_program(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Something that is no Redis is said to be none."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        monkeypatch.setattr("osmod.cli.redis.ANSWER_SECONDS", 0.05)
        monkeypatch.setenv("REDIS_URL", f"redis://localhost:{port}")
        result = run("redis")
    assert (
        f"Error: something listens on port {port} already (and it is no Redis): "
        "stop it first, or set another port in REDIS_URL.\n" == result.output
    )


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        (
            "redis://queue.example:6379",
            "REDIS_URL=redis://queue.example:6379 is not on this machine: `osmod redis` runs only here, "
            "at redis://localhost:6379 or another port.",
        ),
        (
            "unix:///run/redis.sock",
            "REDIS_URL=unix:///run/redis.sock is not on this machine: `osmod redis` runs only here, "
            "at redis://localhost:6379 or another port.",
        ),
        (
            "redis://:secret@localhost:6379",
            "REDIS_URL has a login, and the embedded Redis has none: take it out of REDIS_URL.",
        ),
        (
            "redis://localhost:port",
            "REDIS_URL=redis://localhost:port cannot be used: "
            "Port could not be cast to integer value as 'port'.",
        ),
    ],
)
def test_url_it_cannot_serve(run: Run, monkeypatch: pytest.MonkeyPatch, url: str, sentence: str) -> None:
    """A REDIS_URL that the embedded Redis would not answer is refused."""
    monkeypatch.setenv("REDIS_URL", url)
    result = run("redis")
    assert (1, f"Error: {sentence}\n") == (result.exit_code, result.output)
