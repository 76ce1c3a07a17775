"""A comment as both scorers saw it, and what rules make of either."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from osmod.comparing.sample import Attributes, Sample, Sampled
from osmod.moderation.attributes import folded
from osmod.moderation.models import Status, single
from osmod.moderation.rules import Rule, judge, with_summary


@dataclass(frozen=True)
class Pair:
    """An attribute of the old scorer, and the one of the new scorer that takes its place."""

    old: str
    new: str


@dataclass(frozen=True)
class Matching:
    """Which attribute takes the place of which. `alone`: those of the old scorer that have none."""

    pairs: tuple[Pair, ...]
    alone: tuple[str, ...]

    def target(self, name: str) -> str | None:
        """The new scorer's name of an attribute of the old one's; None where it has none."""
        return next((pair.new for pair in self.pairs if folded(pair.old) == folded(name)), None)


@dataclass(frozen=True)
class Case:
    """One comment. `new`: the new scorer's summary scores by folded name.

    `before` and `after`: the summary scores that rules see, by tag id, from the old scorer and from the new one in its
    place; those of other scorers are in both.
    """

    comment: Sampled
    new: Mapping[str, float]
    before: Mapping[int, float]
    after: Mapping[int, float]


def match(old_names: Sequence[str], new_names: Sequence[str], mapped: Mapping[str, str]) -> Matching:
    """Pair attributes: as `mapped` says (old name → new name), the others by the same name."""
    spelt = {folded(name): name for name in new_names}
    wanted = {folded(old): new for old, new in mapped.items()}
    pairs, alone = [], []
    for old in old_names:
        new = spelt.get(folded(wanted.get(folded(old), old)))
        if new is None:
            alone.append(old)
        else:
            pairs.append(Pair(old, new))
    return Matching(tuple(pairs), tuple(alone))


def cases(sample: Sample, answers: Mapping[int, Mapping[str, float]]) -> list[Case]:
    """The comments that the new scorer answered about; `answers`: comment id → its name of the attribute → score."""
    made = []
    for comment in sample.comments:
        answer = answers.get(comment.comment_id)
        if answer is not None:
            new = {folded(sample.attributes.of(name).name): single(score) for name, score in answer.items()}
            before = with_summary(comment.scores, sample.attributes.summary_tag_id, comment.highest)
            made.append(Case(comment, new, before, _after(comment, new, sample.attributes)))
    return made


def _after(comment: Sampled, new: Mapping[str, float], attributes: Attributes) -> dict[int, float]:
    """As OSMod would hold it, had the new scorer been there from the first: its highest score is found anew."""
    old_tags = {attributes.of(name).tag_id for name in comment.old}
    scores = {tag: score for tag, score in comment.scores.items() if tag not in old_tags}
    scores |= {attributes.of(name).tag_id: score for name, score in new.items()}
    summary = attributes.summary_tag_id
    counting = attributes.counting()
    highest = max((score for tag, score in scores.items() if tag in counting), default=None)
    return with_summary(scores, summary, highest)


def verdict(scores: Mapping[int, float], rules: Sequence[Rule], category_id: int | None) -> Status | None:
    """What the rules decide on a comment of a category; None: a moderator does."""
    found = judge(scores, [rule for rule in rules if rule.category_id in (None, category_id)])
    return found.status if found else None
