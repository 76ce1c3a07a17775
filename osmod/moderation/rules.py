"""What the moderation rules say of a comment: a pure function of its scores and the rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from osmod.moderation.models import Action, Status


@dataclass(frozen=True)
class Rule:
    """A moderation rule that concerns the comment's article: global, or of the article's category."""

    id: int
    tag_id: int
    category_id: int | None
    lower: float
    upper: float
    action: Action

    def matches(self, scores: Mapping[int, float]) -> bool:
        """Whether the tag's score lies within both bounds. A score of exactly 0 never does (quirk 2)."""
        score = scores.get(self.tag_id, 0)
        return score != 0 and self.lower <= score <= self.upper

    @property
    def status(self) -> Status:
        """What the rule decides; to highlight is to accept."""
        return "Accept" if self.action == "Highlight" else self.action


@dataclass(frozen=True)
class Verdict:
    """A decision by rule. `rule_id` is None where the rules disagreed and the comment is deferred."""

    status: Status
    highlight: bool
    rule_id: int | None


def judge(scores: Mapping[int, float], rules: Sequence[Rule]) -> Verdict | None:
    """Apply `rules` to `scores` (tag id → 0..1); None: no rule matches, a moderator decides.

    Matching rules of the category replace the matching global ones as a whole. Where all that remain
    agree, the one with the highest id is recorded; where they disagree, the comment is deferred.
    Source: OSMod's rules, behaviour.md facts 1 to 5.
    """
    matching = [rule for rule in rules if rule.matches(scores)]
    deciding = [rule for rule in matching if rule.category_id is not None] or matching
    if not deciding:
        return None
    if len({rule.status for rule in deciding}) > 1:
        return Verdict("Defer", highlight=False, rule_id=None)
    last = max(deciding, key=lambda rule: rule.id)
    highlight = any(rule.action == "Highlight" for rule in deciding)
    return Verdict(last.status, highlight, last.id)


def with_summary(
    scores: Mapping[int, float], summary_tag_id: int | None, highest: float | None
) -> dict[int, float]:
    """`scores` with the tag SUMMARY_SCORE at the larger of its stored score and the comment's `highest`."""
    if summary_tag_id is None:
        return dict(scores)
    return {**scores, summary_tag_id: max(scores.get(summary_tag_id, 0.0), highest or 0.0)}
