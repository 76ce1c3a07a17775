"""Figures of two lists of numbers, each with how sure it is. Pure, and no more than sorting: 10,000 in a blink.

Why these methods: docs/decisions/comparing-scorers.md.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean

#: The quantile of the normal distribution that leaves 2.5 % above it: intervals are of 95 %.
Z = 1.959963984540054


@dataclass(frozen=True)
class Estimate:
    """A figure, and the interval that covers the true one in 95 of 100 samples."""

    value: float
    low: float
    high: float


def midranks(values: Sequence[float]) -> list[float]:
    """The rank of each value, from 1; equal ones share the mean of theirs."""
    order = sorted(range(len(values)), key=values.__getitem__)
    ranks = [0.0] * len(values)
    begin = 0
    while begin < len(order):
        end = begin
        while end < len(order) and values[order[end]] == values[order[begin]]:
            end += 1
        for at in order[begin:end]:
            ranks[at] = (begin + end + 1) / 2
        begin = end
    return ranks


def correlation(first: Sequence[float], second: Sequence[float]) -> float | None:
    """Spearman's rank correlation, -1 to 1; None where one of them is the same everywhere, or has no two values."""
    ranks, others = midranks(first), midranks(second)
    if not ranks:
        return None
    mean = (len(ranks) + 1) / 2
    spread = math.sqrt(sum((r - mean) ** 2 for r in ranks) * sum((r - mean) ** 2 for r in others))
    if spread == 0:
        return None
    return sum((r - mean) * (s - mean) for r, s in zip(ranks, others, strict=True)) / spread


def mean_difference(first: Sequence[float], second: Sequence[float]) -> float | None:
    """The mean of the absolute differences; None of none."""
    return fmean(abs(a - b) for a, b in zip(first, second, strict=True)) if first else None


def auc(higher: Sequence[float], lower: Sequence[float]) -> Estimate:
    """How probable it is that one of `higher` is above one of `lower`; equal ones count half (Mann-Whitney).

    The interval is Newcombe's fifth: Wilson's idea for the AUC, so it stays within 0 and 1, and is no point where
    all pairs are in order. Neither list may be empty.
    """
    value = fmean(_placements(higher, lower))

    def distance(true: float) -> float:
        return abs(value - true) - Z * math.sqrt(_variance(true, len(higher), len(lower)))

    return Estimate(
        value, _root(distance, 0.0, value), 1 - _root(lambda at: distance(1 - at), 0.0, 1 - value)
    )


def auc_gain(
    old: tuple[Sequence[float], Sequence[float]], new: tuple[Sequence[float], Sequence[float]]
) -> Estimate | None:
    """By how much the AUC of `new` is above that of `old`, each `(higher, lower)` of the same comments in one order.

    DeLong's interval, which knows that both were measured on the same comments. None where a list has fewer than two.
    """
    if min(len(old[0]), len(old[1])) < 2:
        return None
    above, below = _placements(*old), _placements_of_lower(*old)
    gains = [b - a for a, b in zip(above, _placements(*new), strict=True)]
    losses = [b - a for a, b in zip(below, _placements_of_lower(*new), strict=True)]
    value = fmean(gains)
    margin = Z * math.sqrt(_spread(gains) / len(gains) + _spread(losses) / len(losses))
    return Estimate(value, max(-1.0, value - margin), min(1.0, value + margin))


def proportion(hits: float, weights: Sequence[float]) -> Estimate | None:
    """A share: `hits` of the sum of `weights`, with Wilson's interval; None of none.

    Weights that differ are worth fewer comments (Kish): so many are told apart in the interval.
    """
    total = sum(weights)
    if not total:
        return None
    n = total**2 / sum(weight**2 for weight in weights)
    share = min(1.0, hits / total)
    centre = (share + Z**2 / (2 * n)) / (1 + Z**2 / n)
    margin = Z * math.sqrt(share * (1 - share) / n + Z**2 / (4 * n**2)) / (1 + Z**2 / n)
    return Estimate(share, min(share, max(0.0, centre - margin)), max(share, min(1.0, centre + margin)))


def _placements(higher: Sequence[float], lower: Sequence[float]) -> list[float]:
    """For each of `higher`, the share of `lower` that it is above; equal ones count half."""
    within, among = midranks(higher), midranks([*higher, *lower])
    return [(among[at] - rank) / len(lower) for at, rank in enumerate(within)]


def _placements_of_lower(higher: Sequence[float], lower: Sequence[float]) -> list[float]:
    """For each of `lower`, the share of `higher` that is above it."""
    return [1 - below for below in _placements(lower, higher)]


def _spread(values: Sequence[float]) -> float:
    mean = fmean(values)
    return sum((value - mean) ** 2 for value in values) / (len(values) - 1)


def _variance(true: float, m: int, n: int) -> float:
    """Of the AUC of m and n values, were it `true`: Hanley and McNeil's, balanced between both (Newcombe)."""
    more = (m + n) / 2 - 1
    return true * (1 - true) * (1 + more * (1 - true) / (2 - true) + more * true / (1 + true)) / (m * n)


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    """Where `function` is 0, falling between both; `low` where it is nowhere above 0."""
    if function(low) <= 0:
        return low
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if function(middle) > 0 else (low, middle)
    return (low + high) / 2
