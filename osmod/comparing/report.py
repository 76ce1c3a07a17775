"""All that a comparison found, and the same as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from osmod.comparing.agreement import AttributeFigures, attribute_figures
from osmod.comparing.cases import Matching, cases, match
from osmod.comparing.rules import KEEPS, Fit, Outcome, RuleFigures, outcome, proposed, rule_figures
from osmod.comparing.sample import Sample


@dataclass(frozen=True)
class Report:
    """What was found on the `compared` comments that the new scorer answered about.

    `outcomes`: of all rules together, by what they are applied to: `today`, the old scores; `unchanged`, the new ones;
    and the new ones with the ranges that keep the `precision`, or the `share`.
    """

    sample: Sample
    compared: int
    matching: Matching
    attributes: list[AttributeFigures]
    rules: list[RuleFigures]
    outcomes: dict[str, Outcome]

    def as_dict(self) -> dict[str, Any]:
        """Plain values. Intervals are of 95 %."""
        chosen = self.sample.chosen
        return {
            "comments": {
                kind.name.lower(): {"all": chosen.sizes[kind], "drawn": len(ids)}
                for kind, ids in chosen.ids.items()
            },
            "revised": chosen.revised,
            "compared": self.compared,
            "shared": self.sample.shared,
            "without_counterpart": list(self.matching.alone),
            "attributes": [_plain_attribute(one) for one in self.attributes],
            "rules": [_plain_rule(one) for one in self.rules],
            "outcomes": {name: _plain_outcome(one) for name, one in self.outcomes.items()},
        }


def make_report(
    sample: Sample, answers: Mapping[int, Mapping[str, float]], mapped: Mapping[str, str]
) -> Report:
    """Work out all figures.

    Parameters:
      answers: comment id → the new scorer's attribute → summary score.
      mapped: the old scorer's attribute → the new one's, where their names differ.
    """
    found = cases(sample, answers)
    new_names = sorted({name for answer in answers.values() for name in answer})
    matching = match(sample.old_names(), new_names, mapped)
    figures = rule_figures(sample.rules, found, sample.attributes, matching)
    today = sample.rules
    ruled = {
        "today": outcome(found, today, today, new=False),
        "unchanged": outcome(found, today, today, new=True),
    }
    for keep in KEEPS:
        ruled[keep] = outcome(found, today, proposed(today, figures, keep), new=True)
    return Report(
        sample=sample,
        compared=len(found),
        matching=matching,
        attributes=[attribute_figures(pair, found) for pair in matching.pairs],
        rules=figures,
        outcomes=ruled,
    )


def _plain_attribute(figures: AttributeFigures) -> dict[str, Any]:
    return {
        "old": figures.pair.old,
        "new": figures.pair.new,
        "compared": figures.compared,
        "rank_correlation": figures.rank_correlation,
        "mean_difference": figures.mean_difference,
        "accepted": figures.accepted,
        "rejected": figures.rejected,
        "auc": {
            name: asdict(estimate) if estimate else None
            for name, estimate in (("old", figures.old), ("new", figures.new), ("gain", figures.gain))
        },
    }


def _plain_rule(figures: RuleFigures) -> dict[str, Any]:
    rule = figures.rule
    return {
        "id": rule.id,
        "action": rule.action,
        "category_id": rule.category_id,
        "attribute": figures.attribute.name,
        "target": figures.target.name if figures.target else None,
        "compared": figures.compared,
        "today": _plain_fit(figures.today),
        "unchanged": _plain_fit(figures.unchanged),
        "precision": _plain_fit(figures.by_precision),
        "share": _plain_fit(figures.by_share),
        "why_not": figures.why_not or None,
    }


def _plain_fit(fit: Fit | None) -> dict[str, Any] | None:
    return asdict(fit) if fit else None


def _plain_outcome(one: Outcome) -> dict[str, Any]:
    return {
        "shares": {(status or "moderators").lower(): share for status, share in one.shares.items()},
        "judged": one.judged,
        "right": asdict(one.right) if one.right else None,
        "same": one.same,
    }
