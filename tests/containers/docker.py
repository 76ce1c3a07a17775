"""Docker's client, as the tests call it."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

#: Compose would take what the environment says of these for more than what `.env` says.
_OURS = ("REDIS_", "DATABASE_", "WORKER_", "API_URL", "SCHEDULERS", "COMPOSE_")


#: Lines of what a command printed that are told when it fails: the reason stands at the end.
_LINES = 12


class DockerError(Exception):
    """A command failed; the message is its exit code, the end of what it printed, and the command."""


@dataclass(frozen=True)
class Docker:
    """The client and the engine that it talks to; by default those of this machine."""

    environment: dict[str, str] = field(default_factory=dict)
    client: str = "docker"

    def answers(self) -> bool:
        """Whether there are a client with Compose and an engine that answers."""
        if not shutil.which(self.client):
            return False
        return all(self._start(*words).returncode == 0 for words in (("info",), ("compose", "version")))

    def run(self, *words: str, stdin: Path | None = None) -> str:
        """What `docker …` prints.

        Raises:
          DockerError: it fails.
        """
        done = self._start(*words, stdin=stdin)
        if done.returncode:
            printed = (done.stderr.strip() or done.stdout.strip()).splitlines()[-_LINES:]
            raise DockerError(
                "\n".join([f"exit {done.returncode}", *printed, f"of docker {' '.join(words)}"])
            )
        return done.stdout

    def _start(self, *words: str, stdin: Path | None = None) -> subprocess.CompletedProcess[str]:
        with open(stdin or os.devnull, "rb") as source:
            return subprocess.run(
                [self.client, *words],
                stdin=source,
                capture_output=True,
                text=True,
                check=False,
                env={
                    name: value
                    for name, value in (os.environ | self.environment).items()
                    if not name.startswith(_OURS)
                },
            )
