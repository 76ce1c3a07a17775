"""Ids that no row can have, typed by a slip of the hand."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from osmod.cli import main

FAR = "99999999999999999999999"


@pytest.mark.parametrize(
    "line",
    [
        f"comments show {FAR}",
        f"comments rescore --article {FAR} --yes",
        f"comments send-to-scorer --category {FAR} --yes",
        f"comments rescore --all --after {FAR} --yes",
        f"scorers resume {FAR}",
        f"scorers test hello --scorer {FAR}",
        f"publishers replay {FAR}",
    ],
)
def test_an_id_that_is_too_large(line: str) -> None:
    """It is refused with the range, before any database is asked."""
    result = CliRunner().invoke(main, line.split())
    assert (2, True) == (result.exit_code, f"{FAR} is not in the range" in result.output)
