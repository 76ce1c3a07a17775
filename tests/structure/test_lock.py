"""`requirements.lock` belongs to `pyproject.toml`, and to no machine."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.structure.lock import LOCK, compile_lock, unsatisfied


def test_satisfies_every_requirement() -> None:
    """Each requirement, extras included, is met by a version in the lock file; else `make lock`."""
    assert [] == unsatisfied()


def test_is_up_to_date(tmp_path: Path) -> None:
    """Resolving again changes nothing; else `make lock`."""
    again = tmp_path / "requirements.lock"
    shutil.copy(LOCK, again)
    if problem := compile_lock(again):
        pytest.skip(f"the package index cannot be asked: {problem.splitlines()[-1]}")
    assert LOCK.read_text() == again.read_text()


def test_names_no_place() -> None:
    """Where packages come from is a matter of each machine's settings."""
    assert [] == [line for line in LOCK.read_text().splitlines() if "://" in line or line.startswith("-")]
