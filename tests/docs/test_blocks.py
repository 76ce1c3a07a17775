"""Every block of the README and of docs/ is run, parsed, or listed here with the reason why it is not."""

from __future__ import annotations

import configparser
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from tests.docs.blocks import Block, all_blocks
from tests.docs.sandbox import Sandbox
from tests.docs.template import Template, started
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


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    """A checkout for blocks, and a Redis."""
    with running(binary_of("redis")) as server:
        yield Sandbox(tmp_path, server)


@pytest.fixture(scope="module")
def template() -> Iterator[Template]:
    """What runs the blocks."""
    with started() as template:
        yield template


@pytest.mark.parametrize("block", _named(PYTHON))
def test_python(block: Block, sandbox: Sandbox, template: Template) -> None:
    """It runs; a block that names its file is loaded with the actors."""
    path = block.write(sandbox.folder)
    program = ["-m", "worker"] if path.parent.name == "actors" else [str(path)]
    code, printed = template.run(program, sandbox.folder, sandbox.environment, sandbox.folder / "log")
    assert 0 == code, printed
