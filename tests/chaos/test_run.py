"""The short form of `make chaos`."""

from __future__ import annotations

import os

import pytest

from tests.chaos.run import Chaos
from tests.chaos.targets import ClusterTarget, SentinelTarget, SingleTarget, Target
from tests.topologies import capable_binary
from tests.waiting import SLACK

SECONDS = float(os.environ.get("CHAOS_SECONDS", "8"))


@pytest.mark.promise("P1", stock="lost [1-9]")
def test_nothing_is_lost_in_a_short_run_of_random_faults() -> None:
    """P1: whatever fails, every accepted job runs, and the queue is sound at the end."""
    _loses_nothing(SingleTarget)


@pytest.mark.parametrize("kind", [SentinelTarget, ClusterTarget])
def test_nothing_is_lost_when_masters_change(kind: type[Target]) -> None:
    """P1: the same where masters are replaced and queues move, with replicas required."""
    capable_binary()
    _loses_nothing(kind)


def _loses_nothing(kind: type[Target]) -> None:
    outcome = Chaos(SECONDS, seed=11, rate=60, patience=15 * SLACK, kind=kind).run()

    assert outcome.sent > 100
    assert [] == outcome.lost, str(outcome)
    assert [] == outcome.unsound, str(outcome)
