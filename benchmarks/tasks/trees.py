"""The revisions that are measured: the code as it is here, and another one beside it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Tree:
    """A folder with a revision's `osmod`, `actors` and `worker.py`, and with these benchmarks."""

    name: str
    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        """That of a process that is to run its code, with its folder as working directory."""
        return os.environ | {"PYTHONPATH": str(self.folder)}

    def run(self, module: str, **what: Any) -> dict[str, Any]:
        """Run a module of `benchmarks.tasks` on this revision's code; what it prints last is its result."""
        command = [sys.executable, "-m", f"benchmarks.tasks.{module}", json.dumps(what)]
        done = subprocess.run(
            command, cwd=self.folder, env=self.environment, stdout=subprocess.PIPE, text=True, check=False
        )
        if done.returncode:
            raise SystemExit(f"benchmarks.tasks.{module} failed on {self.name}")
        result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return result


@contextmanager
def trees(baseline: str | None) -> Iterator[list[Tree]]:
    """The revisions to measure, in turns. The other one is unpacked into a folder that is gone afterwards.

    It is driven with the packages that are installed here: one that needs others fails.

    Raises:
      SystemExit: git knows no such revision.
    """
    with tempfile.TemporaryDirectory(prefix="osmod-bench-") as name:
        folder = Path(name)
        if baseline is None:
            yield [Tree("here", ROOT)]
            return
        packed = subprocess.run(
            ["git", "archive", baseline, "osmod", "actors", "worker.py", "pyproject.toml"],
            cwd=ROOT,
            capture_output=True,
            check=False,
        )
        if packed.returncode:
            raise SystemExit(f"--baseline {baseline}: {packed.stderr.decode().strip()}")
        with tarfile.open(fileobj=BytesIO(packed.stdout)) as archive:
            archive.extractall(folder, filter="data")
        (folder / "benchmarks").symlink_to(ROOT / "benchmarks")
        (folder / "tests").symlink_to(ROOT / "tests")  # what starts servers
        yield [Tree(baseline, folder), Tree("here", ROOT)]
