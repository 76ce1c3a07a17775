"""Files that stay readable: short, named for what they do, without the marks of one machine."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from tests.structure.imports import ROOT

LONGEST = 300
VAGUE = {"util", "utils", "common", "helper", "helpers", "manager", "managers", "misc"}
ELSEWHERE = re.compile(r"(?<!\})/home/\w+/|/Users/\w|/work/\w|/tmp/wt|(?:extra-)?index-url\s*[= ]\s*\w+://")


def tracked(*suffixes: str) -> list[Path]:
    """The files of the repository that end so; a folder without git is walked."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    names = (
        listed.stdout.split("\n")
        if listed.returncode == 0
        else [
            str(path.relative_to(ROOT))
            for part in ("actors", "osmod", "tests", "benchmarks", "compose", "docs")
            for path in (ROOT / part).rglob("*")
        ]
    )
    return sorted(ROOT / name for name in names if name.endswith(suffixes) and (ROOT / name).is_file())


def test_sizes() -> None:
    """No source file is longer than 300 lines: longer ones do two things."""
    sizes = {
        path.relative_to(ROOT): len(path.read_text().splitlines()) for path in tracked(".py", ".lua", ".sh")
    }
    assert {} == {str(path): size for path, size in sizes.items() if size > LONGEST}


def test_names() -> None:
    """No module is named for not knowing what it is."""
    names = {path.relative_to(ROOT) for path in tracked(".py")}
    assert [] == sorted(str(path) for path in names if VAGUE & {*path.parent.parts, path.stem})


def test_docstrings() -> None:
    """Every module says what it is for."""
    silent = [
        path
        for path in tracked(".py")
        if (text := path.read_text().strip()) and not text.startswith(('"""', "#!"))
    ]
    assert [] == [str(path.relative_to(ROOT)) for path in silent]


def test_no_traces_of_a_machine() -> None:
    """No path of somebody's machine and no address of a package index is in any file."""
    found = [
        f"{path.relative_to(ROOT)}: {match.group()}"
        for path in tracked(
            ".py", ".md", ".toml", ".lock", ".yaml", ".yml", "Makefile", "Dockerfile", "run", ".example"
        )
        if path != Path(__file__)
        for match in [ELSEWHERE.search(path.read_text())]
        if match
    ]
    assert [] == found
