"""The figures, against what can be counted by hand."""

from __future__ import annotations

import math
import random
from fractions import Fraction
from itertools import product
from statistics import NormalDist

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osmod.comparing.statistics import auc, auc_gain, correlation, mean_difference, midranks, proportion

#: Few values, so that many are equal.
SCORES = st.lists(st.integers(0, 5).map(lambda n: n / 5), min_size=1, max_size=12)


def test_equal_values_share_their_ranks() -> None:
    """Whatever their order."""
    assert [2.5, 1.0, 2.5, 4.0] == midranks([0.3, 0.1, 0.3, 0.9])
    assert [2.0, 2.0, 2.0] == midranks([7, 7, 7])
    assert [] == midranks([])


@given(SCORES, SCORES)
def test_auc_is_the_share_of_pairs_in_order(higher: list[float], lower: list[float]) -> None:
    """Counted pair by pair, equal ones half; turned around it is what is left."""
    pairs = [Fraction(a > b) + Fraction(a == b, 2) for a, b in product(higher, lower)]
    found = auc(higher, lower)
    assert found.value == pytest.approx(float(sum(pairs) / len(pairs)))
    assert 0 <= found.low <= found.value + 1e-12
    assert found.value - 1e-12 <= found.high <= 1
    turned = auc(lower, higher)
    assert (turned.value, turned.low, turned.high) == pytest.approx(
        (1 - found.value, 1 - found.high, 1 - found.low)
    )


def test_the_interval_of_the_auc_solves_its_equation() -> None:
    """At both ends the figure found is 1.96 standard deviations away, by Newcombe's variance."""
    found = auc([0.9, 0.8, 0.7, 0.3], [0.6, 0.5, 0.4, 0.2, 0.1])
    assert 17 / 20 == found.value
    for end in (found.low, found.high):
        more = (4 + 5) / 2 - 1
        variance = end * (1 - end) * (1 + more * (1 - end) / (2 - end) + more * end / (1 + end)) / 20
        assert abs(found.value - end) == pytest.approx(1.959964 * math.sqrt(variance), abs=1e-6)


def test_all_in_order_is_not_certain() -> None:
    """Three of three may be luck: the interval says so, and the more there are the narrower it is."""
    few, many = auc([0.8, 0.9, 1], [0.1, 0.2, 0.3]), auc([0.9] * 300, [0.1] * 300)
    assert (1, 1) == (few.value, few.high)
    assert few.low < 0.6
    assert many.low > 0.98


def test_intervals_hold_what_they_promise() -> None:
    """Of 400 samples with a known AUC, about 95 in 100 intervals have it within; of a known gain, too."""
    source = random.Random(1)
    true = NormalDist().cdf(1.5 / math.sqrt(2))
    worse = NormalDist().cdf(1.5 / math.sqrt(2 * 1.25))
    held = gains = 0
    for _ in range(400):
        higher, lower = [source.gauss(1.5, 1) for _ in range(40)], [source.gauss(0, 1) for _ in range(80)]
        noisy = [[score + source.gauss(0, 0.5) for score in scores] for scores in (higher, lower)]
        one, gain = auc(higher, lower), auc_gain((higher, lower), (noisy[0], noisy[1]))
        assert gain is not None
        held += one.low <= true <= one.high
        gains += gain.low <= worse - true <= gain.high
    assert 370 <= held <= 395
    assert 365 <= gains <= 395


def test_gain_by_hand() -> None:
    """DeLong's: variances of what each comment adds, over those rejected and those accepted."""
    old = ([0.9, 0.4], [0.5, 0.1])
    new = ([0.9, 0.6], [0.5, 0.1])
    found = auc_gain(old, new)
    assert found is not None
    # Placements of the rejected: 1, 1/2 → 1, 1; of the accepted: 1/2, 1 → 1, 1. Both gain 0 and 1/2.
    assert 0.25 == found.value
    margin = 1.959964 * math.sqrt(0.125 / 2 + 0.125 / 2)
    assert (found.low, found.high) == pytest.approx((0.25 - margin, 0.25 + margin), abs=1e-6)
    assert auc_gain(([1], [0, 0]), ([1], [0, 0])) is None


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ([1, 2, 3, 4], [1, 8, 27, 64], 1.0),
        ([1, 2, 3, 4], [9, 7, 5, 1], -1.0),
        # 1 - 6·Σd²/(n(n²-1)) = 1 - 6·4/60
        ([1, 2, 3, 4], [2, 1, 4, 3], 0.6),
        # ranks 1, 2.5, 2.5, 4 and 1, 2, 3, 4: 4.5/√(4.5·5)
        ([1, 2, 2, 3], [1, 2, 3, 4], 4.5 / math.sqrt(22.5)),
        ([1, 1, 1], [1, 2, 3], None),
        ([], [], None),
    ],
)
def test_correlation(first: list[float], second: list[float], expected: float | None) -> None:
    """Spearman's, of ranks; of what is everywhere the same there is none."""
    assert correlation(first, second) == (None if expected is None else pytest.approx(expected))


def test_mean_difference() -> None:
    """Whichever is higher."""
    assert mean_difference([0.1, 0.9], [0.3, 0.5]) == pytest.approx(0.3)
    assert mean_difference([], []) is None


def test_a_share_with_its_interval() -> None:
    """Wilson's, as in the textbooks: 8 of 10; equal weights change nothing, unequal ones count for fewer."""
    found = proportion(8, [1.0] * 10)
    assert found is not None
    assert (found.value, found.low, found.high) == pytest.approx((0.8, 0.490162, 0.943318), abs=1e-5)
    assert found == proportion(80, [10.0] * 10)
    unequal = proportion(80, [82.0, *[2.0] * 9])
    assert unequal is not None
    assert unequal.low < found.low
    assert proportion(0, []) is None
