"""A rule's range carried over from one scorer's scores to another's. Pure.

A range that rules act on is never made wider than what fits it today: a better scorer may allow more, but that is for
people to say. Why: docs/decisions/comparing-scorers.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby

#: Fewer comments than this carry no figure and no threshold.
LEAST = 10


@dataclass(frozen=True)
class Range:
    """Scores from `lower` to `upper`, both inclusive; 0 is in none (quirk 2)."""

    lower: float
    upper: float

    def holds(self, score: float) -> bool:
        """Whether a rule with this range fits."""
        return score != 0 and self.lower <= score <= self.upper


#: The range of a rule that is to decide nothing until somebody gives it another.
NOTHING = Range(1, 0)


@dataclass(frozen=True)
class Scored:
    """One comment. `right`: whether moderators decided as the rule would; None where nobody looked."""

    old: float
    new: float
    weight: float
    right: bool | None


def keep_share(comments: Sequence[Scored], today: Range) -> Range:
    """The range of new scores that as many comments fit as fit `today` of old ones.

    As many lie below and above it. Where both scorers put comments in the same order, the same ones fit.
    """
    below = sum(one.weight for one in comments if one.old < today.lower)
    up_to = sum(one.weight for one in comments if one.old <= today.upper)
    lower = _between(*_cut(comments, below), low_is_in=False) if below else 0.0
    all_are = up_to >= sum(one.weight for one in comments) * (1 - 1e-12)
    upper = 1.0 if today.upper >= 1 or all_are else _between(*_cut(comments, up_to), low_is_in=True)
    return Range(lower, max(lower, upper))


def keep_precision(comments: Sequence[Scored], today: Range, share: Range) -> Range | None:
    """The widest range within `share` in which rules are right as often as `today`; None: there is none.

    Only a range that begins at 0 or ends at 1 can be narrowed: at its other end. None, too, where moderators decided
    on fewer than `LEAST` comments of today's range, or of the new one.
    """
    aim = precision([one for one in comments if today.holds(one.old)])
    if aim is None:
        return None
    within = [one for one in comments if share.holds(one.new)]
    kept = precision(within)
    if kept is not None and kept >= aim - 1e-9:
        return share
    if share.upper >= 1 and share.lower > 0:
        last = _widest(within, aim, share.lower, key=lambda one: -one.new)
        return None if last is None else Range(_between(last[1], last[0], low_is_in=False), share.upper)
    if share.lower <= 0 and share.upper < 1:
        last = _widest(within, aim, share.upper, key=lambda one: one.new)
        return None if last is None else Range(share.lower, _between(*last, low_is_in=True))
    return None


def precision(comments: Iterable[Scored]) -> float | None:
    """How often moderators decided as the rule would; None where they decided on fewer than `LEAST`."""
    judged = [one for one in comments if one.right is not None]
    if len(judged) < LEAST:
        return None
    return sum(one.weight for one in judged if one.right) / sum(one.weight for one in judged)


def _widest(
    within: Iterable[Scored], aim: float, end: float, key: Callable[[Scored], float]
) -> tuple[float, float] | None:
    """The last new score, from the sure end on, up to which precision is `aim` or more; and the next, or the `end`."""
    found: tuple[float, float] | None = None
    right = all_of_them = 0.0
    judged = 0
    is_next = False
    for _, same in groupby(sorted(within, key=key), key=key):
        for one in same:
            if one.right is not None:
                judged += 1
                all_of_them += one.weight
                right += one.weight * one.right
        if found and is_next:
            found, is_next = (found[0], one.new), False
        if judged >= LEAST and right >= (aim - 1e-9) * all_of_them:
            found, is_next = (one.new, end), True
    return found


def _cut(comments: Iterable[Scored], target: float) -> tuple[float, float]:
    """Two neighbouring new scores: about as much weight as `target` lies up to the first, the rest from the second."""
    weights: dict[float, float] = {}
    for one in sorted(comments, key=lambda one: one.new):
        weights[one.new] = weights.get(one.new, 0.0) + one.weight
    edges = [0.0, *weights, 1.0]
    reached = [0.0, *accumulate(weights.values())]
    at = min(range(len(reached)), key=lambda at: abs(reached[at] - target))
    return edges[at], edges[at + 1]


def _between(low: float, high: float, *, low_is_in: bool) -> float:
    """The shortest number between both, so that it can be said and typed; the end that belongs where there is none."""
    for digits in range(1, 7):
        middle = round((low + high) / 2, digits)
        if low < middle < high:
            return middle
    return low if low_is_in else high
