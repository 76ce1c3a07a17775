"""Node processes with the real Kue in them."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from tests.waiting import until

#: What is installed from npm: Kue, what repeats its jobs, and what Node programs without Kue ask Redis by.
PACKAGES = ("kue@0.11.6", "kue-scheduler@0.10.15", "ioredis@5")
_HERE = Path(__file__).parent


class Node:
    """Runs the scripts beside this file. They find Redis in `KUE_URL` and answer with a line of JSON each time.

    Parameters:
      folder: where Kue is installed.
      url: of the Redis that Kue uses.
    """

    def __init__(self, folder: Path, url: str) -> None:
        self._environment = {**os.environ, "NODE_PATH": str(folder / "node_modules"), "KUE_URL": url}
        self._started: list[Running] = []

    def run(self, script: str, *arguments: object, seconds: float = 300) -> Any:
        """What a script answers; it must end by itself and well."""
        done = subprocess.run(
            self._command(script, arguments),
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=seconds,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.strip().rpartition("\n")[2])

    def start(self, script: str, *arguments: object) -> Running:
        """A script that goes on until it is ended."""
        self._started.append(Running(self._command(script, arguments), self._environment))
        return self._started[-1]

    def close(self) -> None:
        """End what was started."""
        for one in self._started:
            one.kill()

    def _command(self, script: str, arguments: tuple[object, ...]) -> list[str]:
        return ["node", str(_HERE / script), *map(str, arguments)]


class Running:
    """A Node process, and the lines of JSON that it has written so far."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        self.process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE)
        assert self.process.stdout is not None
        os.set_blocking(self.process.stdout.fileno(), False)
        self._text = b""

    @property
    def lines(self) -> list[Any]:
        """All that it said."""
        assert self.process.stdout is not None
        while chunk := self.process.stdout.read():
            self._text += chunk
        return [json.loads(line) for line in self._text.splitlines(keepends=True) if line.endswith(b"\n")]

    def until(self, count: int, seconds: float = 30.0) -> list[Any]:
        """Its first lines, as soon as there are so many."""
        until(lambda: len(self.lines) >= count, seconds, f"{count} lines")
        return self.lines[:count]

    def ids(self, seconds: float = 30.0) -> list[int]:
        """The ids of the jobs that follow_jobs.js queued: a line of its own, which events may precede."""
        return until(lambda: next((one for one in self.lines if isinstance(one, list)), None), seconds, "ids")

    def kill(self) -> None:
        """End it as a crash would."""
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()
