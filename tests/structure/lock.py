"""The lock file: `python -m tests.structure.lock` writes `requirements.lock`, `--check` compares.

It names a version of every package that any extra needs, on every platform and Python, and no place to get
them from: pip and uv are told that by their own settings.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from itertools import chain
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LOCK = ROOT / "requirements.lock"
COMMAND = (
    *("uv", "pip", "compile", "--quiet", "--universal", "--all-extras", "--python-version", "3.11"),
    *("--no-header", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links", "pyproject.toml"),
)


def compile_lock(output: Path) -> str | None:
    """Resolve anew into `output`, keeping the versions that it names already; return what went wrong."""
    environment = dict(os.environ)
    if "PIP_INDEX_URL" in environment:  # uv has a name of its own for it
        environment.setdefault("UV_DEFAULT_INDEX", environment["PIP_INDEX_URL"])
    command = [sys.executable, "-m", *COMMAND, "--output-file", str(output)]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    return done.stderr.strip() if done.returncode else None


def unsatisfied() -> list[str]:
    """The requirements of `pyproject.toml`, extras included, that no line of the lock file satisfies."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = [*project["dependencies"], *chain(*project["optional-dependencies"].values())]
    locked: dict[str, list[str]] = {}
    for name, version in re.findall(r"^([\w.-]+)==([^\s;]+)", LOCK.read_text(), re.MULTILINE):
        locked.setdefault(canonicalize_name(name), []).append(version)
    return [
        text
        for text in asked
        if (wanted := Requirement(text)).name != project["name"]
        and not any(
            wanted.specifier.contains(version, prereleases=True)
            for version in locked.get(canonicalize_name(wanted.name), [])
        )
    ]


if __name__ == "__main__":
    sys.exit(compile_lock(LOCK))
