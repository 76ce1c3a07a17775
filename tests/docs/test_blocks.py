"""Every block of the README and of docs/ is run, parsed, or listed here with the reason why it is not."""

from __future__ import annotations

import configparser
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from tests.docs.blocks import Block, all_blocks
from tests.docs.sandbox import ROOT, Sandbox
from tests.redis_servers import binary_of, running

#: Languages that something here, or a test that is named, looks at.
LOOKED_AT = {"console", "python", "json", "ini", "yaml", "redis", "javascript", ""}
PYTHON = [block for block in all_blocks("python") if not block.not_run]


def _named(blocks: list[Block]) -> list[object]:
    return [pytest.param(block, id=block.name) for block in blocks]


def test_every_language_is_looked_at() -> None:
    """A block in another language would be run by nobody."""
    assert LOOKED_AT >= {
        block.language for block in all_blocks(*LOOKED_AT, "sh", "bash", "js", "lua", "sql", "toml")
    }


def test_what_is_not_run() -> None:
    """Each says why, in the text; this list makes a further one a decision."""
    assert [
        ("README.md", "installs into the environment that runs the tests"),
        ("docs/operations.md", "needs a MySQL of its own"),
        ("docs/operations.md", "needs a Docker engine; `make containers` does all of it"),
    ] == [(block.page, block.not_run) for block in all_blocks(*LOOKED_AT) if block.not_run]


def _ini(text: str) -> object:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.read_string(text)
    return parser.sections()


#: What reads a block of a language, and gives something true.
READERS: dict[str, Callable[[str], object]] = {"json": json.loads, "ini": _ini, "yaml": yaml.safe_load}


@pytest.mark.parametrize("block", _named(all_blocks(*READERS)))
def test_configuration(block: Block) -> None:
    """It can be read."""
    assert READERS[block.language](block.text)


@pytest.mark.parametrize("block", _named([one for one in all_blocks("redis") if not one.not_run]))
def test_redis(block: Block) -> None:
    """Each line is a command that a Redis takes."""
    with running(binary_of("redis")) as server:
        for line in filter(None, block.text.splitlines()):
            server.ask(*line.split())


def _write(block: Block, folder: Path) -> Path:
    """A block in a file: where its first line says, among the actors, or beside them."""
    first = block.text.partition("\n")[0]
    path = folder / (
        first.removeprefix("# ")
        if first.startswith("# actors/")
        else f"{Path(block.page).stem}_{block.line}.py"
    )
    path.write_text(block.text)
    return path


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    """A checkout for blocks, and a Redis."""
    with running(binary_of("redis")) as server:
        yield Sandbox(tmp_path, server)


def _succeeds(sandbox: Sandbox, *arguments: str) -> None:
    """Run Python."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=sandbox.folder,
        env=sandbox.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert 0 == done.returncode, done.stdout + done.stderr


@pytest.mark.timeout(600)  # mypy reads all that they import
def test_python_has_types(sandbox: Sandbox) -> None:
    """All blocks pass mypy as our own code must."""
    paths = [str(_write(block, sandbox.folder)) for block in PYTHON]
    known = ROOT / ".mypy_cache"
    if known.exists():  # What `make check` found out of the libraries.
        shutil.copytree(known, sandbox.folder / known.name)
    _succeeds(sandbox, "-m", "mypy", "--config-file", "pyproject.toml", *paths)


@pytest.mark.parametrize("block", _named(PYTHON))
def test_python(block: Block, sandbox: Sandbox) -> None:
    """It runs; a block that names its file is loaded with the actors."""
    path = _write(block, sandbox.folder)
    _succeeds(sandbox, *(["-c", "import worker"] if path.parent.name == "actors" else [str(path)]))
