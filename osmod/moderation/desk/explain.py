"""Why no rule decided on a comment: which came nearest, and what kept each from it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from osmod.moderation.models import single
from osmod.moderation.rules import Rule, Verdict, judge


class Why(StrEnum):
    """What stands between a comment and a decision by rule."""

    NOT_AUTO_MODERATED = "auto-moderation is switched off for its article"
    NO_SCORES = "no scorer has given it a score"
    SCORES_MISSING = "a scorer was given up, so no rule may accept it"
    DISAGREE = "the rules that match disagree, so it is deferred"
    BY_PERSON = "a moderator decided on it"
    BY_RULE = "a rule decided on it"
    NO_RULES = "there are no rules for its category"
    NONE_MATCHES = "no rule matches its scores"
    RULES_CHANGED = "the rules would decide on it now, but did not when it was scored"


@dataclass(frozen=True)
class Nearness:
    """One rule that concerns the comment, and how far it is from matching.

    Attributes:
      score: of the rule's attribute; None: the comment has none.
      missed_by: how far the score lies outside the range; 0 where it matches.
    """

    rule: Rule
    score: float | None
    missed_by: float

    @property
    def matches(self) -> bool:
        """Whether it matches."""
        return self.score is not None and self.missed_by == 0


@dataclass(frozen=True)
class Explanation:
    """Why no rule decided. `verdict`: what the rules say of the scores; `nearest`: the nearest rule first."""

    why: tuple[Why, ...]
    verdict: Verdict | None
    nearest: tuple[Nearness, ...]


@dataclass(frozen=True)
class Circumstances:
    """What counts beside scores and rules.

    Attributes:
      is_auto_moderated: whether rules may decide on comments of its article.
      is_partial: whether a scorer was given up.
      by_person: whether a moderator has decided on it, be it that it is to be decided again.
      by_rule: whether what was decided last a rule did.
    """

    is_auto_moderated: bool = True
    is_partial: bool = False
    by_person: bool = False
    by_rule: bool = False


def explain(scores: Mapping[int, float], rules: Sequence[Rule], circumstances: Circumstances) -> Explanation:
    """Why no rule decided.

    Parameters:
      scores: tag id → 0..1, with the highest one under SUMMARY_SCORE's.
      rules: those that concern the comment: global ones and those of its category.
    """
    nearest = sorted(
        (_nearness(rule, scores.get(rule.tag_id)) for rule in rules),
        key=lambda one: (one.score is None, one.missed_by, one.rule.id),
    )
    verdict = judge(scores, rules) if scores else None
    return Explanation(tuple(_why(scores, rules, verdict, circumstances)), verdict, tuple(nearest))


def _why(
    scores: Mapping[int, float],
    rules: Sequence[Rule],
    verdict: Verdict | None,
    circumstances: Circumstances,
) -> list[Why]:
    found = []
    if not circumstances.is_auto_moderated:
        found.append(Why.NOT_AUTO_MODERATED)
    if circumstances.by_person:
        found.append(Why.BY_PERSON)
    if not scores:
        return [*found, Why.NO_SCORES]
    if verdict is None:
        return [*found, Why.NONE_MATCHES if rules else Why.NO_RULES]
    if circumstances.is_partial and verdict.status == "Accept":
        found.append(Why.SCORES_MISSING)
    if verdict.rule_id is None:
        found.append(Why.DISAGREE)
    return found or [Why.BY_RULE if circumstances.by_rule else Why.RULES_CHANGED]


def _nearness(rule: Rule, score: float | None) -> Nearness:
    if score is None:
        return Nearness(rule, None, 1.0)
    if rule.matches({rule.tag_id: score}):
        return Nearness(rule, score, 0.0)
    outside = max(rule.lower - score, score - rule.upper)
    return Nearness(rule, score, single(outside) if outside > 0 else 1.0)
