"""The compose file, run as an operator runs it, under a project name and ports of the tests' own."""

from __future__ import annotations

import json
import os
import socket
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.containers.docker import Docker
from tests.waiting import until

COMPOSE = Path(__file__).parents[2] / "compose" / "compose.yaml"
OVERRIDE = Path(__file__).parent / "override.yaml"
NAME = "osmod-worker-test"
PROJECT = f"{NAME}-{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}"
#: The label of our images, and of containers that are of no project.
MARK = NAME
INSIDE = Path(__file__).parent / "inside.py"


class Stack:
    """What `docker compose` makes of the compose file and an `.env` with these lines."""

    def __init__(self, docker: Docker, folder: Path, lines: list[str]) -> None:
        self.docker = docker
        self._env = folder / ".env"
        self._env.write_text("\n".join([*lines, f"REDIS_PORT={_free_port()}", ""]))

    def compose(self, *words: str, stdin: Path | None = None) -> str:
        """What `docker compose …` prints.

        Raises:
          DockerError: it fails.
        """
        files = ("--file", str(COMPOSE), "--file", str(OVERRIDE), "--env-file", str(self._env))
        return self.docker.run(
            "compose", "--project-name", PROJECT, "--progress", "quiet", *files, *words, stdin=stdin
        )

    def inside(self, *words: str, service: str = "scheduler") -> Any:
        """What `inside.py` answers in a container."""
        return json.loads(self.compose("exec", "--no-TTY", service, "python", "-", *words, stdin=INSIDE))

    def log(self, service: str) -> list[str]:
        """The lines that it printed, without what Compose adds for a terminal."""
        printed = self.compose("logs", "--no-log-prefix", "--no-color", service)
        return printed.replace("\x1b[2K", "").splitlines()

    def container(self, service: str) -> dict[str, Any]:
        """All that Docker knows of a service's container."""
        name = self.compose("ps", "--all", "--quiet", service).strip()
        found: dict[str, Any] = json.loads(self.docker.run("inspect", name))[0]
        return found

    def health(self, service: str) -> str:
        """`starting`, `healthy` or `unhealthy`."""
        return str(self.container(service)["State"]["Health"]["Status"])

    def await_health(self, status: str, *services: str, seconds: float = 90) -> None:
        """Wait until all of these services are so."""
        until(
            lambda: {self.health(service) for service in services} == {status},
            seconds,
            f"{' and '.join(services)} {status}",
            every=0.5,
        )

    def down(self) -> None:
        """Stop and remove everything, the data as well."""
        self.compose("--profile", "*", "down", "--volumes", "--remove-orphans")

    def left(self) -> str:
        """What there is of it."""
        label = f"label=com.docker.compose.project={PROJECT}"
        return "".join(
            self.docker.run(*words, "--quiet", "--filter", label)
            for words in (("ps", "--all"), ("volume", "ls"), ("network", "ls"))
        )


def clean_up(docker: Docker) -> None:
    """Remove whatever tests that were interrupted left, and the images."""
    for project in docker.run("compose", "ls", "--all", "--quiet", "--filter", f"name={NAME}").split():
        docker.run("compose", "--project-name", project, "down", "--volumes", "--remove-orphans")
    for container in docker.run("ps", "--all", "--quiet", "--filter", f"label={MARK}").split():
        docker.run("rm", "--force", "--volumes", container)
    docker.run("image", "prune", "--all", "--force", "--filter", f"label={MARK}")


def _free_port() -> int:
    with closing(socket.socket()) as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port
