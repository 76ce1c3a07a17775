"""Why no rule decided, as a table."""

from __future__ import annotations

import pytest

from osmod.moderation.desk.explain import Circumstances, Why, explain
from osmod.moderation.rules import Rule

ACCEPT = Rule(1, 7, None, 0.0, 0.2, "Accept")
REJECT = Rule(2, 7, None, 0.9, 1.0, "Reject")
DEFER = Rule(3, 7, None, 0.1, 0.3, "Defer")
OTHER = Rule(4, 8, None, 0.5, 1.0, "Reject")


@pytest.mark.parametrize(
    ("scores", "rules", "circumstances", "expected"),
    [
        ({7: 0.5}, [ACCEPT, REJECT], Circumstances(), (Why.NONE_MATCHES,)),
        ({7: 0.5}, [], Circumstances(), (Why.NO_RULES,)),
        ({}, [ACCEPT], Circumstances(), (Why.NO_SCORES,)),
        ({7: 0.1}, [ACCEPT], Circumstances(is_auto_moderated=False), (Why.NOT_AUTO_MODERATED,)),
        ({7: 0.1}, [ACCEPT], Circumstances(by_person=True), (Why.BY_PERSON,)),
        ({7: 0.1}, [ACCEPT], Circumstances(is_partial=True), (Why.SCORES_MISSING,)),
        ({7: 0.95}, [REJECT], Circumstances(is_partial=True), (Why.RULES_CHANGED,)),
        ({7: 0.15}, [ACCEPT, DEFER], Circumstances(), (Why.DISAGREE,)),
        ({7: 0.1}, [ACCEPT], Circumstances(), (Why.RULES_CHANGED,)),
        ({7: 0.2}, [DEFER], Circumstances(by_rule=True), (Why.BY_RULE,)),
        ({7: 0.5}, [ACCEPT], Circumstances(by_rule=True), (Why.NONE_MATCHES,)),
        ({}, [], Circumstances(is_auto_moderated=False), (Why.NOT_AUTO_MODERATED, Why.NO_SCORES)),
    ],
)
def test_why(
    scores: dict[int, float], rules: list[Rule], circumstances: Circumstances, expected: tuple[Why, ...]
) -> None:
    """Everything that stands in the way is named."""
    assert expected == explain(scores, rules, circumstances).why


def test_the_nearest_rule_first() -> None:
    """With what its threshold was missed by; a rule on an attribute without a score is the last."""
    found = explain({7: 0.83}, [OTHER, ACCEPT, REJECT], Circumstances()).nearest

    assert [(2, 0.07), (1, 0.63), (4, 1.0)] == [(one.rule.id, one.missed_by) for one in found]
    assert [False, False, False] == [one.matches for one in found]
    assert explain({7: 0.9}, [REJECT], Circumstances()).nearest[0].matches


def test_a_score_of_zero_is_in_no_range() -> None:
    """OSMod takes it for none (quirk 2)."""
    found = explain({7: 0.0}, [ACCEPT], Circumstances())
    assert ((Why.NONE_MATCHES,), False) == (found.why, found.nearest[0].matches)
