"""Rules: a table of (scores, rules) → verdict, and what holds whatever the scores and rules are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osmod.moderation.models import Action
from osmod.moderation.rules import Rule, Verdict, judge, with_summary

CATEGORY = 7


def rule(
    number: int,
    action: Action,
    lower: float = 0.5,
    upper: float = 1.0,
    tag: int = 1,
    category: int | None = None,
) -> Rule:
    """A rule on tag 1 for scores from 0.5, unless said otherwise."""
    return Rule(number, tag, category, lower, upper, action)


CASES: dict[str, tuple[dict[int, float], list[Rule], Verdict | None]] = {
    "no rules": ({1: 0.9}, [], None),
    "no scores": ({}, [rule(1, "Reject")], None),
    "below": ({1: 0.499}, [rule(1, "Reject")], None),
    "above": ({1: 0.81}, [rule(1, "Reject", 0.5, 0.8)], None),
    "lower bound counts": ({1: 0.5}, [rule(1, "Reject")], Verdict("Reject", False, 1)),
    "upper bound counts": ({1: 0.8}, [rule(1, "Reject", 0.5, 0.8)], Verdict("Reject", False, 1)),
    "another tag": ({2: 0.9}, [rule(1, "Reject")], None),
    "exactly 0 matches nothing": ({1: 0.0}, [rule(1, "Accept", 0, 0.1)], None),
    "next to 0 matches": ({1: 0.0001}, [rule(1, "Accept", 0, 0.1)], Verdict("Accept", False, 1)),
    "accept": ({1: 0.9}, [rule(1, "Accept")], Verdict("Accept", False, 1)),
    "defer": ({1: 0.9}, [rule(1, "Defer")], Verdict("Defer", False, 1)),
    "highlight accepts": ({1: 0.9}, [rule(1, "Highlight")], Verdict("Accept", True, 1)),
    "accept and highlight agree": (
        {1: 0.9},
        [rule(1, "Highlight"), rule(2, "Accept")],
        Verdict("Accept", True, 2),
    ),
    "highest id is recorded": ({1: 0.9}, [rule(9, "Reject"), rule(3, "Reject")], Verdict("Reject", False, 9)),
    "disagreement defers": ({1: 0.9}, [rule(1, "Reject"), rule(2, "Accept")], Verdict("Defer", False, None)),
    "highlight against reject defers": (
        {1: 0.9},
        [rule(1, "Highlight"), rule(2, "Reject")],
        Verdict("Defer", False, None),
    ),
    "two tags disagree": (
        {1: 0.9, 2: 0.9},
        [rule(1, "Reject"), rule(2, "Accept", tag=2)],
        Verdict("Defer", False, None),
    ),
    "category replaces global": (
        {1: 0.9},
        [rule(1, "Reject"), rule(2, "Accept", category=CATEGORY)],
        Verdict("Accept", False, 2),
    ),
    "category replaces a global highlight": (
        {1: 0.9},
        [rule(5, "Highlight"), rule(2, "Accept", category=CATEGORY)],
        Verdict("Accept", False, 2),
    ),
    "category disagrees, global agrees with one": (
        {1: 0.9},
        [rule(1, "Reject"), rule(2, "Accept", category=CATEGORY), rule(3, "Reject", category=CATEGORY)],
        Verdict("Defer", False, None),
    ),
    "category does not match, global does": (
        {1: 0.9},
        [rule(1, "Reject"), rule(2, "Accept", 0.1, 0.2, category=CATEGORY)],
        Verdict("Reject", False, 1),
    ),
}


@pytest.mark.parametrize(("scores", "rules", "verdict"), CASES.values(), ids=CASES.keys())
def test_verdicts(scores: dict[int, float], rules: list[Rule], verdict: Verdict | None) -> None:
    """Each situation has the verdict that OSMod gives (behaviour facts 1 to 4)."""
    assert verdict == judge(scores, rules)


scores_strategy = st.dictionaries(st.integers(1, 4), st.floats(0, 1), max_size=4)
rules_strategy = st.lists(
    st.builds(
        Rule,
        id=st.integers(1, 99),
        tag_id=st.integers(1, 4),
        category_id=st.none() | st.just(CATEGORY),
        lower=st.floats(0, 1),
        upper=st.floats(0, 1),
        action=st.sampled_from(["Accept", "Reject", "Defer", "Highlight"]),
    ),
    max_size=6,
    unique_by=lambda rule: rule.id,
)


@given(scores_strategy, rules_strategy, st.randoms())
def test_the_order_of_rules_makes_no_difference(scores, rules, random) -> None:
    """OSMod reads its rules unordered; ours gives the same verdict in any order."""
    shuffled = list(rules)
    random.shuffle(shuffled)
    assert judge(scores, rules) == judge(scores, shuffled)


@given(scores_strategy, rules_strategy)
def test_a_verdict_has_its_reason(scores: dict[int, float], rules: list[Rule]) -> None:
    """A verdict names a matching rule that asks for just that, or is a Defer because the rules disagree."""
    verdict = judge(scores, rules)
    matching = [rule for rule in rules if rule.matches(scores)]
    if verdict is None:
        assert [] == matching
    elif verdict.rule_id is None:
        assert Verdict("Defer", False, None) == verdict
        assert len({rule.status for rule in matching}) > 1
    else:
        assert [verdict.status] == [rule.status for rule in matching if rule.id == verdict.rule_id]


@given(scores_strategy, rules_strategy)
def test_global_rules_never_sway_the_category(scores: dict[int, float], rules: list[Rule]) -> None:
    """Where a rule of the category matches, leaving all global ones out changes nothing (fact 2)."""
    own = [rule for rule in rules if rule.category_id is not None]
    if any(rule.matches(scores) for rule in own):
        assert judge(scores, own) == judge(scores, rules)


@given(scores_strategy, rules_strategy)
def test_a_comment_is_never_published_on_a_disagreement(scores: dict[int, float], rules: list[Rule]) -> None:
    """Accept and highlight need every deciding rule to ask for them."""
    verdict = judge(scores, rules)
    matching = [rule for rule in rules if rule.matches(scores)]
    deciding = [rule for rule in matching if rule.category_id is not None] or matching
    if verdict and verdict.status == "Accept":
        assert {"Accept"} == {rule.status for rule in deciding}
    assert bool(verdict and verdict.highlight) <= any(rule.action == "Highlight" for rule in deciding)


@pytest.mark.parametrize(
    ("scores", "highest", "expected"),
    [
        ({1: 0.2}, 0.6, {1: 0.2, 9: 0.6}),
        ({1: 0.2, 9: 0.7}, 0.6, {1: 0.2, 9: 0.7}),
        ({1: 0.2, 9: 0.1}, 0.6, {1: 0.2, 9: 0.6}),
        ({1: 0.2}, None, {1: 0.2, 9: 0.0}),
    ],
)
def test_summary_score_is_the_larger(
    scores: dict[int, float], highest: float | None, expected: dict[int, float]
) -> None:
    """SUMMARY_SCORE stands at the larger of its own score and the comment's highest (fact 5)."""
    assert expected == with_summary(scores, 9, highest)


def test_summary_score_needs_its_tag() -> None:
    """Without a tag SUMMARY_SCORE the scores are as they were."""
    assert {1: 0.2} == with_summary({1: 0.2}, None, 0.6)
