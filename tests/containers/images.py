"""Base images where no registry is at hand: Debian's packages under the names that `compose/` asks for."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from tests.containers.docker import Docker
from tests.containers.roots import Roots

STANDINS = Path(__file__).parent / "standins"
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
_INDEXES = ("index-url", "extra-index-url")


def make_all(roots: Roots, folder: Path, docker: Docker) -> None:
    """Make the images for Python, Redis and MySQL, with working files in `folder`.

    Raises:
      DockerError: the engine does not take them.
    """
    docker.run("import", "-", "osmod-test/services", stdin=roots.services)
    docker.run("import", "-", "osmod-test/database", stdin=roots.database)
    python = shutil.copytree(STANDINS / "python", folder / "python")
    shutil.copy(CERTIFICATES, python)
    (python / "pip.conf").write_text(_pip_settings())
    docker.run("build", "--tag", "python:3.13-slim", str(python))
    docker.run("build", "--tag", "redis:8", str(STANDINS / "redis"))
    docker.run("build", "--tag", "mysql:8.4", str(STANDINS / "mysql"))


def _pip_settings() -> str:
    """What pip on this machine knows of where packages are, as a file: the addresses that a container reaches."""
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True
    ).stdout
    settings = {"cert": str(CERTIFICATES)}
    for line in listed.splitlines():
        name, _, value = line.partition("=")
        option, value = name.rpartition(".")[2], value.strip("'\"")
        if option in _INDEXES and value.startswith("http"):
            settings[option] = value
    return "\n".join(["[global]", *(f"{name} = {value}" for name, value in settings.items()), ""])
