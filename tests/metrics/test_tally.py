"""What a process counted, until Redis has it."""

from __future__ import annotations

from collections import Counter

import pytest
import redis

from osmod.metrics.store import HandingOver, LocalStore, hand_over
from osmod.metrics.tally import BOUNDS, Name, Tally, taking
from tests.waiting import until


class Away(LocalStore):
    """A store that is away for some places."""

    def __init__(self, *places: str) -> None:
        super().__init__()
        self.places = set(places)

    def add(self, place: str, counts: Counter[Name]) -> None:
        """Add, unless it is away."""
        if place in self.places:
            raise redis.ConnectionError("away")
        super().add(place, counts)


def test_what_could_not_be_told_is_kept() -> None:
    """And what was told is not told again."""
    tally, store = Tally(), Away("b")
    for place in ("a", "b"):
        tally.add(place, [(("done", "work"), 1)])
    with pytest.raises(redis.ConnectionError):
        hand_over(tally, store)
    store.places.clear()
    tally.add("b", [(("done", "work"), 2)])
    hand_over(tally, store)
    hand_over(tally, store)

    assert {"a": {("done", "work"): 1}, "b": {("done", "work"): 3}} == store.read(["a", "b"])


def test_an_outage_is_said_once_and_outlived(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was counted meanwhile is told when it is over."""
    monkeypatch.setattr("osmod.metrics.store.EVERY", 0.001)
    tally, store = Tally(), Away("a")
    tally.add("a", [(("done", "work"), 1)])
    thread = HandingOver(tally, store)
    thread.start()
    until(lambda: "what was counted is not told yet" in caplog.text)
    store.places.clear()
    until(lambda: store.read(["a"])["a"])
    thread.stop()
    assert 1 == caplog.text.count("not told yet")


def test_a_histogram_counts_in_steps() -> None:
    """The first whose bound is not passed; beyond the last in one without."""
    assert [(("ran", "a", "0"), 1), (("ran", "a", "sum"), 1_000)] == taking(0.001, "ran", "a")
    assert (("ran", "a", "1"), 1) == taking(0.0011, "ran", "a")[0]
    assert (("ran", "a", str(len(BOUNDS))), 1) == taking(1e6, "ran", "a")[0]
