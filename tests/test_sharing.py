"""How the tests are shared out among processes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sharing import LONG, ONE_BY_ONE

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("name", [*ONE_BY_ONE, *LONG])
def test_what_goes_first_is_there(name: str) -> None:
    """A file that was renamed would go last, and be waited for."""
    assert (ROOT / name).is_file()
