"""How two scorers agree on an attribute, and how well each puts what moderators rejected above what they accepted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from osmod.comparing.cases import Case, Pair
from osmod.comparing.statistics import Estimate, auc, auc_gain, correlation, mean_difference
from osmod.comparing.thresholds import LEAST
from osmod.moderation.attributes import folded

#: DeLong's interval is too narrow with fewer comments than these of either kind.
LEAST_FOR_GAIN = 30


@dataclass(frozen=True)
class AttributeFigures:
    """One attribute. What cannot be said of so few comments is None.

    Attributes:
      compared: comments with both scores.
      rank_correlation: Spearman's, -1 to 1: whether both put comments in one order.
      mean_difference: of the scores, 0 to 1.
      accepted, rejected: how many of those compared moderators accepted and rejected.
      old, new: AUC: how probably a comment that moderators rejected has the higher score than one they accepted.
      gain: by how much the new AUC is above the old.
    """

    pair: Pair
    compared: int
    rank_correlation: float | None
    mean_difference: float | None
    accepted: int
    rejected: int
    old: Estimate | None
    new: Estimate | None
    gain: Estimate | None


def attribute_figures(pair: Pair, cases: Sequence[Case]) -> AttributeFigures:
    """Compare the scores of both."""
    old_key, new_key = folded(pair.old), folded(pair.new)
    compared = [
        (case.comment.old[old_key], case.new[new_key], case.comment.rejected)
        for case in cases
        if old_key in case.comment.old and new_key in case.new
    ]
    old, new = [one[0] for one in compared], [one[1] for one in compared]
    enough = len(compared) >= LEAST
    rejected = [one for one in compared if one[2] is True]
    accepted = [one for one in compared if one[2] is False]
    fewest = min(len(rejected), len(accepted))
    by_old = ([one[0] for one in rejected], [one[0] for one in accepted])
    by_new = ([one[1] for one in rejected], [one[1] for one in accepted])
    return AttributeFigures(
        pair=pair,
        compared=len(compared),
        rank_correlation=correlation(old, new) if enough else None,
        mean_difference=mean_difference(old, new) if enough else None,
        accepted=len(accepted),
        rejected=len(rejected),
        old=auc(*by_old) if fewest >= LEAST else None,
        new=auc(*by_new) if fewest >= LEAST else None,
        gain=auc_gain(by_old, by_new) if fewest >= LEAST_FOR_GAIN else None,
    )
