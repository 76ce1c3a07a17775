"""Files that stay readable: short, named for what they do, without the marks of one machine."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.structure.imports import ROOT

FOLDERS = (".ci", "actors", "benchmarks", "compose", "docs", "osmod", "tests")
#: What stands beside them.
FILES = {".gitignore", "CHANGELOG.md", "LICENSE", "Makefile", "NOTICE", "README.md"}
FILES |= {"pyproject.toml", "requirements.lock", "scripts", "worker.py"}
LONGEST = 300
#: The queue is what the project is for, and read the most.
LONGEST_OF_QUEUE = 250
VAGUE = {"util", "utils", "common", "helper", "helpers", "manager", "managers", "misc"}
ELSEWHERE = re.compile(r"(?<!\})/home/\w+/|/Users/\w|/root/\w|(?:extra-)?index-url\s*[= ]\s*\w+://")


def sources(*endings: str) -> list[Path]:
    """The files of the project whose names end so."""
    inside = (path for folder in FOLDERS for path in (ROOT / folder).rglob("*"))
    return sorted(
        path for path in (*ROOT.iterdir(), *inside) if path.name.endswith(endings) and path.is_file()
    )


@pytest.mark.skipif(
    not ((ROOT / ".git").exists() and shutil.which("git")), reason="only git knows what is kept in a checkout"
)
def test_nothing_else_is_kept() -> None:
    """No virtual environment, database or log has come into the repository beside the project."""
    kept = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert {*FOLDERS, *FILES} == {line.partition("/")[0] for line in kept.splitlines()}


def test_sizes() -> None:
    """No source file is longer than 300 lines, in the queue than 250: longer ones do two things."""
    sizes = {
        path.relative_to(ROOT): len(path.read_text().splitlines()) for path in sources(".py", ".lua", ".sh")
    }
    queue = Path("osmod/jobs")
    limits = {path: LONGEST_OF_QUEUE if queue in path.parents else LONGEST for path in sizes}
    assert {} == {str(path): size for path, size in sizes.items() if size > limits[path]}


def test_names() -> None:
    """No module is named for not knowing what it is."""
    names = {path.relative_to(ROOT) for path in sources(".py")}
    assert [] == sorted(str(path) for path in names if VAGUE & {*path.parent.parts, path.stem})


def test_docstrings() -> None:
    """Every module says what it is for."""
    silent = [
        path
        for path in sources(".py")
        if (text := path.read_text().strip()) and not text.startswith(('"""', "#!"))
    ]
    assert [] == [str(path.relative_to(ROOT)) for path in silent]


def test_no_traces_of_a_machine() -> None:
    """No path of somebody's machine and no address of a package index is in any file."""
    found = [
        f"{path.relative_to(ROOT)}: {match.group()}"
        for path in sources(
            ".py", ".md", ".toml", ".lock", ".yaml", ".yml", "Makefile", "Dockerfile", "run", ".example"
        )
        if path != Path(__file__)
        for match in [ELSEWHERE.search(path.read_text())]
        if match
    ]
    assert [] == found
