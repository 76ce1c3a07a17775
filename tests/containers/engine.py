"""A Docker engine for the time of the tests, in a Debian system of its own. Nothing of it stays."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import psutil

from tests.containers import firewall
from tests.containers.docker import Docker
from tests.waiting import until

INSIDE = Path(__file__).parent / "engine.sh"
CGROUPS = Path("/sys/fs/cgroup")
#: The control group of its containers.
OURS = "osmod-test"


class NoEngine(Exception):
    """No Docker engine can be had here; the message says why."""


def why_not() -> str | None:
    """Why no engine can be built here, or None."""
    if os.geteuid() != 0:
        return "no Docker engine answers, and only root can build one"
    if not shutil.which("mmdebstrap") or not shutil.which("unshare"):
        return "no Docker engine answers, and mmdebstrap, with which one is built on Debian, is not installed"
    if Path("/sys/class/net/docker0").exists():
        return "no Docker engine answers, but the bridge of one is there (docker0)"
    return None


@contextmanager
def running(root: Path, folder: Path) -> Iterator[Docker]:
    """An engine in the Debian system `root`, with its data in `folder`.

    Raises:
      NoEngine: it does not start.
    """
    # A path to a socket has at most 107 characters.
    socket = folder / "socket"
    socket.mkdir()
    (folder / "data").mkdir()
    docker = Docker(
        environment={
            "DOCKER_HOST": f"unix://{socket}/docker.sock",
            "DOCKER_CONFIG": str(_config(folder, root)),
        },
        client=str(root / "usr/bin/docker"),
    )
    with firewall.as_before(root), _cgroups_removed(), (folder / "engine.log").open("wb") as log:
        engine = subprocess.Popen(
            [
                "unshare",
                "--mount",
                "--pid",
                "--fork",
                "--kill-child",
                "sh",
                str(INSIDE),
                str(root),
                str(folder),
            ],
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for the tests; they still need it then.
        )
        try:
            _await(docker, engine, folder)
            yield docker
        finally:
            _stop(engine)


def _config(folder: Path, root: Path) -> Path:
    """A configuration of the client, with its plug-ins."""
    config = folder / "config"
    plugins = config / "cli-plugins"
    plugins.mkdir(parents=True)
    for plugin in (root / "usr/libexec/docker/cli-plugins").iterdir():
        shutil.copy(plugin, plugins)
    return config


def _await(docker: Docker, engine: subprocess.Popen[bytes], folder: Path) -> None:
    until(lambda: engine.poll() is not None or docker.answers(), 60, "the engine answers", every=0.1)
    if engine.poll() is not None:
        raise NoEngine(f"the engine does not start: {(folder / 'engine.log').read_text()[-500:]}")


def _stop(engine: subprocess.Popen[bytes]) -> None:
    """Let it end its containers; what is left after half a minute dies with the process namespace."""
    for child in psutil.Process(engine.pid).children() if engine.poll() is None else ():
        child.send_signal(signal.SIGTERM)
    try:
        engine.wait(30)
    except subprocess.TimeoutExpired:
        engine.kill()
        engine.wait()


@contextmanager
def _cgroups_removed() -> Iterator[None]:
    """Remove the control groups that the engine's containers leave."""
    try:
        yield
    finally:
        for top in [path for pattern in (OURS, f"*/{OURS}") for path in CGROUPS.glob(pattern)]:
            for group in sorted((one for one in (top, *top.rglob("*")) if one.is_dir()), reverse=True):
                until(partial(_removed, group), 10, f"{group} is empty", every=0.1)


def _removed(group: Path) -> bool:
    try:
        group.rmdir()
    except OSError as error:
        if error.errno != errno.EBUSY:  # its processes are just being ended
            raise
        return False
    return True
