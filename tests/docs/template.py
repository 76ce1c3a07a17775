"""A process that has imported the libraries, and runs Python programs in forks of itself: to load them takes longer
than most blocks of the pages run.

Of our own modules it knows none, so that a program loads them in the order in which it asks for them.
"""

from __future__ import annotations

import gc
import json
import os
import runpy
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

#: What most programs load.
LIBRARIES = (
    *("alembic", "click", "dramatiq", "environs", "fastapi", "httpx", "periodiq", "pydantic"),
    *("redis", "redis.asyncio", "sqlalchemy", "sqlalchemy.orm", "structlog"),
)


@dataclass
class Template:
    """The process that runs."""

    _process: subprocess.Popen[str]

    def run(
        self, program: Sequence[str], folder: Path, environment: dict[str, str], log: Path
    ) -> tuple[int, str]:
        """Run what is behind `python`: a file, or `-m` and a module. Returns its exit code, and what it printed."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps([program, str(folder), environment, str(log)]), file=self._process.stdin, flush=True)
        return int(self._process.stdout.readline()), log.read_text()


@contextmanager
def started() -> Iterator[Template]:
    """A template, for the length of a `with`."""
    command = [sys.executable, "-m", __name__]
    with subprocess.Popen(
        command,
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield Template(process)
        assert process.stdin is not None
        process.stdin.close()


def _become(program: Sequence[str], folder: str, environment: dict[str, str], log: str) -> None:
    """Take the place that a Python of its own would have."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for number, stream in enumerate((nothing, output, output)):
        os.dup2(stream, number)
    paths = environment.get("PYTHONPATH", "").split(os.pathsep)
    sys.path[:] = [*filter(None, paths), *sys.path[1:]]


def _run(program: Sequence[str]) -> None:
    if program[0] == "-m":
        sys.argv[:] = program[1:]
        sys.path.insert(0, os.getcwd())
        runpy.run_module(program[1], run_name="__main__", alter_sys=True)
        return
    sys.argv[:] = program
    sys.path.insert(0, str(Path(program[0]).parent))
    runpy.run_path(program[0], run_name="__main__")


def _serve() -> Sequence[str] | None:
    """Fork for each program that is asked for. Returns it in the fork, and None at the end."""
    for line in sys.stdin:
        program, folder, environment, log = json.loads(line)
        if (child := os.fork()) == 0:
            _become(program, folder, environment, log)
            return list(program)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
    return None


if __name__ == "__main__":
    for name in LIBRARIES:
        import_module(name)
    gc.freeze()  # A fork that looked through all that for garbage would copy it.
    if (asked := _serve()) is not None:
        _run(asked)
