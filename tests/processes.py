"""A plugin of pytest's: no module may leave a process running.

Registered by `tests/conftest.py`, not imported into it: pytest asks a conftest below the root nothing about
fixtures that live as long as the session.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Generator, Iterator
from typing import Any

import psutil
import pytest

_MARK = "TEST_RUN"
os.environ[_MARK] = uuid.uuid4().hex  # inherited by every process that the tests start
_lasting: set[int] = set()
"""The processes of fixtures that live longer than one module."""


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[Any]) -> Generator[None, Any, Any]:
    """Note what is started to stay."""
    stays = fixturedef.scope in ("session", "package")
    before = _started() if stays else set()
    made = yield
    if stays:
        _lasting.update(process.pid for process in _started() - before)
    return made


@pytest.fixture(autouse=True, scope="module")
def _no_process_left(request: pytest.FixtureRequest) -> Iterator[None]:
    """A module whose tests leave a process running fails; the process is ended."""
    before = {process.pid for process in _started()}
    yield
    new = [process for process in _started() if process.pid not in before | _lasting]
    _, left = psutil.wait_procs(new, timeout=5)
    commands = [" ".join(process.cmdline()).strip() for process in left]
    for process in left:
        process.kill()
    assert [] == commands, f"processes were left running by {request.node.name}"


def _started() -> set[psutil.Process]:
    """Every running process that comes from this test run: our children, and orphans that carry our mark."""
    found = set(psutil.Process().children(recursive=True))
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and process.environ().get(_MARK) == os.environ[_MARK]:
                found.add(process)
        except psutil.Error:
            continue
    return found
