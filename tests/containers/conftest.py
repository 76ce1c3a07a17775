"""The engine that `make containers` found or built. Under `make test` nothing is collected here."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest

from tests.containers.docker import Docker
from tests.containers.stack import Stack

CLIENT = os.environ.get("TEST_CONTAINERS", "")
collect_ignore_glob = [] if CLIENT else ["test_*.py"]

#: As unkind as `.env.example` allows.
PASSWORD = """a$HOME #1 "b" %@:/;?&=`*~|{}<>"""


@pytest.fixture(scope="session")
def docker() -> Docker:
    """The client, and through it the engine."""
    return Docker(client=CLIENT)


@pytest.fixture(scope="module")
def new_stack(docker: Docker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Stack]]:
    """Make the stack of an `.env` with these lines; it is taken down at the end, and nothing of it is left."""
    made: list[Stack] = []

    def make(*lines: str) -> Stack:
        made.append(Stack(docker, tmp_path_factory.mktemp("stack"), list(lines)))
        return made[-1]

    yield make
    for stack in made:
        stack.down()
        assert "" == stack.left()
