"""Calls made at the same time, gathered into one."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from osmod.scorers.batching import Batcher, _Call


class Counting:
    """Doubles numbers; the first call waits until it may go on."""

    def __init__(self) -> None:
        self.calls: list[list[int]] = []
        self.begun = threading.Event()
        self.may_go_on = threading.Event()

    def __call__(self, items: Sequence[int]) -> list[int]:
        self.calls.append(list(items))
        self.begun.set()
        assert self.may_go_on.wait(10)
        if 13 in items:
            raise ValueError("13")
        return [2 * item for item in items]


def waiting(batcher: Batcher[int, int], count: int) -> None:
    """Returns once `count` calls stand in line."""
    ended = threading.Event()
    while len(batcher._waiting) < count:
        assert not ended.wait(0.001)


def test_a_lone_caller_is_served_at_once() -> None:
    """One call, one batch, the results in order."""
    double = Counting()
    double.may_go_on.set()
    assert Batcher(double)([1, 2]) == [2, 4]
    assert double.calls == [[1, 2]]


def test_those_who_come_during_a_call_share_the_next() -> None:
    """Seven callers who come while one runs are served by one call together, each with its own results."""
    double = Counting()
    batcher: Batcher[int, int] = Batcher(double)
    with ThreadPoolExecutor(8) as pool:
        first = pool.submit(batcher, [0])
        assert double.begun.wait(10)
        others = [pool.submit(batcher, [number, -number]) for number in range(1, 8)]
        waiting(batcher, 8)
        double.may_go_on.set()
        assert first.result() == [0]
        assert [other.result() for other in others] == [[2 * n, -2 * n] for n in range(1, 8)]
    assert [len(call) for call in double.calls] == [1, 14]


def test_an_error_reaches_one_caller_and_spares_the_others() -> None:
    """Items that cannot be served fail their own caller; the others are served without them."""
    double = Counting()
    batcher: Batcher[int, int] = Batcher(double)
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(batcher, [0])
        assert double.begun.wait(10)
        bad = pool.submit(batcher, [13])
        waiting(batcher, 2)
        good = [pool.submit(batcher, [number]) for number in (1, 2)]
        waiting(batcher, 4)
        double.may_go_on.set()
        assert first.result() == [0]
        with pytest.raises(ValueError, match="13"):
            bad.result()
        assert [future.exception() is None for future in good] == [True, True]
    assert batcher._waiting == []


def test_whoever_makes_the_call_does_not_answer_for_the_items_of_others() -> None:
    """A caller whose items are well is served, whoever waits beside them and whose turn it is."""
    double = Counting()
    double.may_go_on.set()
    batcher: Batcher[int, int] = Batcher(double)
    bad: _Call[int, int] = _Call([13])
    batcher._waiting.append(bad)
    assert batcher([1]) == [2]
    assert batcher._waiting == [bad]
