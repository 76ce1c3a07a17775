"""The short form of `make chaos`."""

from __future__ import annotations

import os

import pytest

from tests.chaos.run import Chaos


@pytest.mark.promise("P1", stock="lost=[1-9]")
def test_nothing_is_lost_in_a_short_run_of_random_faults() -> None:
    """P1: whatever fails, every accepted job runs, and the queue is sound at the end."""
    seconds = float(os.environ.get("CHAOS_SECONDS", "12"))
    outcome = Chaos(seconds, seed=1, rate=60, patience=15).run()

    assert outcome.sent > 100
    assert outcome.lost == 0, outcome
    assert outcome.unsound == 0, outcome
