"""What each moderation rule decided on the sample by the old scores, and what it would by the new ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from osmod.comparing.cases import Case, Matching, verdict
from osmod.comparing.sample import Attribute, Attributes
from osmod.comparing.statistics import Estimate, proportion
from osmod.comparing.thresholds import LEAST, NOTHING, Range, Scored, keep_precision, keep_share
from osmod.moderation.models import Status, single
from osmod.moderation.rules import Rule

#: What new ranges keep of the old ones.
Keep = Literal["precision", "share"]
KEEPS: tuple[Keep, ...] = ("precision", "share")


@dataclass(frozen=True)
class Fit:
    """A rule with one range on one scorer's scores.

    Attributes:
      comments: how many of the sample fit.
      share: of all comments that have the score, how many fit.
      judged: on how many of those that fit moderators decided.
      precision: on how many of these they decided as the rule does; None where that cannot be said.
    """

    range: Range
    comments: int
    share: Estimate
    judged: int
    precision: Estimate | None


@dataclass(frozen=True)
class RuleFigures:
    """One rule. `today`: old scores; `unchanged`: the same range on new scores; the others: ranges that keep something.

    `target` is the attribute that the rule is to be on; None where the new scorer has none for it. `why_not` says why
    a range is missing.
    """

    rule: Rule
    attribute: Attribute
    target: Attribute | None
    compared: int
    today: Fit | None = None
    unchanged: Fit | None = None
    by_share: Fit | None = None
    by_precision: Fit | None = None
    why_not: str = ""


@dataclass(frozen=True)
class Outcome:
    """What all rules together decide on the sample, each comment counted for as many as it stands for.

    Attributes:
      shares: of Accept, Reject, Defer and None (left to moderators).
      judged, right: the comments that rules accept or reject and moderators decided on; how many of them alike.
      same: how many get the verdict that they get today.
    """

    shares: Mapping[Status | None, float]
    judged: int
    right: Estimate | None
    same: float


def rule_figures(
    rules: Sequence[Rule], cases: Sequence[Case], attributes: Attributes, matching: Matching
) -> list[RuleFigures]:
    """The rules that the move concerns: on attributes of the old scorer, and on the highest score."""
    concerned = {attributes.of(name).tag_id for name in (*(p.old for p in matching.pairs), *matching.alone)}
    return [
        _figures(rule, cases, attributes, matching)
        for rule in rules
        if rule.tag_id in concerned or rule.tag_id == attributes.summary_tag_id
    ]


def outcome(cases: Sequence[Case], today: Sequence[Rule], rules: Sequence[Rule], *, new: bool) -> Outcome:
    """What `rules` decide on the new scores, or on the old ones; `today`: the rules as they are."""
    weights: dict[Status | None, float] = {"Accept": 0.0, "Reject": 0.0, "Defer": 0.0, None: 0.0}
    judged: list[float] = []
    right = same = 0.0
    for case in cases:
        comment = case.comment
        found = verdict(case.after if new else case.before, rules, comment.category_id)
        weights[found] += comment.weight
        same += comment.weight * (found == verdict(case.before, today, comment.category_id))
        if found in ("Accept", "Reject") and comment.rejected is not None:
            judged.append(comment.weight)
            right += comment.weight * (comment.rejected is (found == "Reject"))
    total = sum(case.comment.weight for case in cases)
    shares = {status: weight / total if total else 0.0 for status, weight in weights.items()}
    share_right = proportion(right, judged) if len(judged) >= LEAST else None
    return Outcome(shares, len(judged), share_right, same / total if total else 0.0)


def proposal(figures: RuleFigures, keep: Keep) -> Range | None:
    """The range that a rule is to have; None where it never fits again, as the new scorer has no such attribute.

    Where nobody can say how precise a rule is, its share is kept either way. Where nothing can be kept, it is to decide
    nothing: its range of today is one of other scores, and may fit anything.
    """
    if figures.target is None:
        return None
    measured = figures.today is not None and figures.today.precision is not None
    fit = figures.by_precision if keep == "precision" and measured else figures.by_share
    return fit.range if fit else NOTHING


def proposed(rules: Sequence[Rule], figures: Sequence[RuleFigures], keep: Keep) -> list[Rule]:
    """All rules, with the ranges proposed on the new scorer's attributes; the others as they are."""
    changed = {one.rule.id: _moved(one, proposal(one, keep)) for one in figures}
    return [changed.get(rule.id, rule) for rule in rules]


def _moved(figures: RuleFigures, to: Range | None) -> Rule:
    if to is None or figures.target is None:
        return figures.rule
    return replace(figures.rule, tag_id=figures.target.tag_id, lower=to.lower, upper=to.upper)


def _figures(rule: Rule, cases: Sequence[Case], attributes: Attributes, matching: Matching) -> RuleFigures:
    attribute = attributes.of_tag(rule.tag_id)
    target = (
        attribute if rule.tag_id == attributes.summary_tag_id else _target(attribute, attributes, matching)
    )
    if target is None:
        return RuleFigures(
            rule,
            attribute,
            None,
            0,
            why_not=f"the new scorer has nothing for {attribute.name}: it never fits",
        )
    scored = _scored(rule, cases, target)
    figures = RuleFigures(rule, attribute, target, len(scored))
    today = Range(rule.lower, rule.upper)
    fits = sum(today.holds(one.old) for one in scored)
    if not scored:
        return replace(figures, why_not="no comment has both scores")
    figures = replace(figures, today=_fit(today, scored, new=False), unchanged=_fit(today, scored, new=True))
    if fits < LEAST:
        few = f"only {fits} of the sample fit today, fewer than {LEAST}: take a larger --sample"
        return replace(figures, why_not=few)
    by_share = _exact(keep_share(scored, today))
    by_precision = keep_precision(scored, today, by_share)
    return replace(
        figures,
        by_share=_fit(by_share, scored, new=True),
        by_precision=_fit(_exact(by_precision), scored, new=True) if by_precision else None,
        why_not="" if by_precision else _why_no_precision(rule, figures),
    )


def _target(attribute: Attribute, attributes: Attributes, matching: Matching) -> Attribute | None:
    name = matching.target(attribute.name)
    return attributes.of(name) if name is not None else None


def _scored(rule: Rule, cases: Sequence[Case], target: Attribute) -> list[Scored]:
    return [
        Scored(
            case.before[rule.tag_id],
            case.after[target.tag_id],
            case.comment.weight,
            _right(rule, case.comment.rejected),
        )
        for case in cases
        if rule.category_id in (None, case.comment.category_id)
        and rule.tag_id in case.before
        and target.tag_id in case.after
    ]


def _right(rule: Rule, rejected: bool | None) -> bool | None:
    """Whether moderators decided as the rule; to defer is to decide nothing."""
    if rejected is None or rule.status == "Defer":
        return None
    return rejected is (rule.status == "Reject")


def _fit(wanted: Range, scored: Sequence[Scored], *, new: bool) -> Fit:
    fitting = [one for one in scored if wanted.holds(one.new if new else one.old)]
    judged = [one for one in fitting if one.right is not None]
    share = proportion(sum(one.weight for one in fitting), [one.weight for one in scored])
    assert share is not None, "called with comments only"
    right = sum(one.weight for one in judged if one.right)
    precision = proportion(right, [one.weight for one in judged]) if len(judged) >= LEAST else None
    return Fit(wanted, len(fitting), share, len(judged), precision)


def _exact(found: Range) -> Range:
    """As the rules' columns hold it."""
    return Range(single(found.lower), single(found.upper))


def _why_no_precision(rule: Rule, figures: RuleFigures) -> str:
    if rule.status == "Defer":
        return "to defer is neither right nor wrong: only the share can be kept"
    if figures.today is None or figures.today.precision is None:
        judged = figures.today.judged if figures.today else 0
        return f"moderators decided on only {judged} comments that fit, fewer than {LEAST}: only the share can be kept"
    return "no range within that share is right as often as today: to keep the precision is to decide nothing"
