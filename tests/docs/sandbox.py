"""A folder like a fresh checkout, in which the commands of a page are run one after the other."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from contextlib import chdir
from pathlib import Path

from click.testing import CliRunner, Result

from osmod.cli import main
from osmod.embedded import is_listening
from osmod.settings import get_settings
from tests.ports import free_port
from tests.redis_servers import Server
from tests.waiting import until

ROOT = Path(__file__).parents[2]
#: Commands that run until they are stopped. Each is stopped at the end of its page, and must end well.
SERVICES = (
    "osmod worker",
    "dramatiq worker",
    "periodiq worker",
    "osmod redis",
    "osmod serve",
    "osmod kue run",
)
#: Where the pages say that the server is.
SERVED = "localhost:8000"
#: What of the checkout is in the folder; the actors are copied, as pages add some.
_LINKED = (
    "Makefile",
    "pyproject.toml",
    "requirements.lock",
    "osmod",
    "worker.py",
    "compose",
    "tests",
    "LICENSE",
)
_ID = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
#: Stand-ins for web frameworks of which a page shows a few lines.
FRAMEWORKS = ROOT / "tests" / "docs" / "frameworks"
#: Seconds that a command may take.
PATIENCE = 300
#: What `make test` tells those whom it starts, and an operator's shell does not: `make` in it would obey.
_MAKES_OWN = {"MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "ARGS"}


def is_service(command: str) -> bool:
    """Whether it runs until it is stopped."""
    words = command.partition("#")[0].split()
    return any(words[: len(service)] == service for service in map(str.split, SERVICES))


class Sandbox:
    """Runs commands as an operator's shell does, on a Redis of the test's and a database in the folder.

    `redis-cli` is there, and goes to that Redis. The server is on a free port, not on 8000. `ID` in a command is the
    first id that was printed last.
    """

    def __init__(self, folder: Path, server: Server) -> None:
        self.folder, self.server = folder, server
        self._services: list[tuple[str, subprocess.Popen[bytes]]] = []
        self._id = ""
        self._port = free_port()
        for name in _LINKED:
            (folder / name).symlink_to(ROOT / name)
        shutil.copytree(ROOT / "actors", folder / "actors", ignore=shutil.ignore_patterns("__pycache__"))
        _seldom(folder / "actors")
        _environment(folder / ".venv")
        tools = folder / "tools"
        tools.mkdir()
        client = shutil.which("redis-cli")
        if client:
            (tools / "redis-cli").write_text(f'#!/bin/sh\nexec {client} -u {server.url} "$@"\n')
            (tools / "redis-cli").chmod(0o755)
        self.environment = {
            **{name: value for name, value in os.environ.items() if name not in _MAKES_OWN},
            "REDIS_URL": server.url,
            "PYTHONPATH": f"{folder}{os.pathsep}{FRAMEWORKS}",
            "MYPYPATH": str(FRAMEWORKS),
            "PATH": f"{tools}:{folder}/.venv/bin:{os.environ['PATH']}",
            "TZ": "UTC",
        }

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        """Run one command to its end; a service is started and goes on."""
        command = self._with_id(command).replace(SERVED, f"localhost:{self._port}")
        if is_service(command):
            self._serve(command)
            return subprocess.CompletedProcess(command, 0, "", "")
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        self._note_id(done.stdout)
        return done

    def type(self, command: str) -> Result:
        """Run one of our commands to its end in this process, which loads nothing anew.

        It takes the broker of this process for the queue's.
        """
        get_settings.cache_clear()
        words = shlex.split(self._with_id(command), comments=True)
        with chdir(self.folder):
            done = CliRunner().invoke(main, words[1:], env=self.environment)
        self._note_id(done.output)
        return done

    def _with_id(self, command: str) -> str:
        if "ID" not in command.split():
            return command
        assert self._id, f"`{command}`: no id was printed before"
        return re.sub(r"\bID\b", self._id, command)

    def _note_id(self, printed: str) -> None:
        if found := _ID.search(printed):
            self._id = found[0]

    def _serve(self, command: str) -> None:
        port = f" --port {self._port}" if command.startswith("osmod serve") else ""
        log = self.folder / f"service{len(self._services)}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                ["bash", "-c", f"exec {command.partition('#')[0]}{port}"],
                cwd=self.folder,
                env=self.environment,
                stdout=output,
                stderr=output,
            )
        self._services.append((command, process))
        until(
            lambda: process.poll() is not None or self._lives(command),
            60,
            lambda: f"{command} works: {log.read_text()}",
        )

    def _lives(self, command: str) -> bool:
        if command.startswith("osmod serve"):
            return is_listening(self._port)
        if command.startswith("osmod kue run"):
            return bool(self.server.client.exists("q:osmod:counts"))  # the scene has jobs for it
        if command.startswith("periodiq"):
            return bool(self.server.client.keys("dramatiq:{schedules}.record.*"))
        return bool(self.server.client.hlen("dramatiq:{workers}:workers"))

    def service(self, command: str) -> subprocess.Popen[bytes]:
        """A service that was started, by how its command begins."""
        return next(process for started, process in self._services if started.startswith(command))

    def stop(self) -> dict[str, int]:
        """Ask all services to end. Returns the exit code of each."""
        services, self._services = self._services, []
        for _, process in services:
            process.send_signal(signal.SIGTERM)
        return {command: process.wait(120) for command, process in services}


def _seldom(actors: Path) -> None:
    """What is due each minute or ten is so at midnight: its jobs would be among those that a page counts."""
    for path in actors.glob("*.py"):
        path.write_text(re.sub(r'every\("\d+ minutes?"\)', 'every("1 day")', path.read_text()))


def _environment(folder: Path) -> None:
    """The virtual environment of the tests, in which `make` finds nothing to install, whenever it was made.

    What `make` installed here it would install into the one of the tests, for this folder.
    """
    folder.mkdir()
    for one in Path(sys.prefix).iterdir():
        if not one.name.startswith("installed-"):
            (folder / one.name).symlink_to(one)
    for name in ("installed-demo", "installed-dev"):
        (folder / name).touch()
