"""Modules are loaded without a look for garbage."""

from __future__ import annotations

import gc
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from osmod.loading import load, nobody_collects


@pytest.mark.parametrize("before", [True, False])
def test_while_it_loads(before: bool) -> None:
    """Nobody collects in the block; afterwards it is as before, also where loading failed."""
    was = gc.isenabled()
    try:
        (gc.enable if before else gc.disable)()
        with suppress(ImportError), nobody_collects():
            during = gc.isenabled()
            raise ImportError
        assert (False, before) == (during, gc.isenabled())
    finally:
        (gc.enable if was else gc.disable)()


def test_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module is loaded once, and what it made is not looked at for garbage any more."""
    (tmp_path / "loaded_in_less_time.py").write_text("import gc\ncollects = gc.isenabled()\nmade = [[]]\n")
    monkeypatch.syspath_prepend(tmp_path)
    module = load("loaded_in_less_time")
    try:
        assert load("loaded_in_less_time") is module
        assert not module.collects
        assert not any(one is module.made for one in gc.get_objects())
    finally:
        del sys.modules["loaded_in_less_time"]


def test_who_does_not_ask() -> None:
    """Server code, commands and the scheduler know all actors without a client for HTTP."""
    code = "import sys, actors; print({'aiohttp', 'httpx'} & set(sys.modules))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "set()" == shown.stdout.strip()
