"""Rules are changed all or not at all, and back."""

from __future__ import annotations

from pathlib import Path

import pytest

from osmod.comparing.applying import Aim, Change, RulesChanged, as_before, read_back, rewrite, write_down
from osmod.comparing.sample import Attribute, Attributes
from osmod.moderation.models import ModerationRule, Tag
from osmod.moderation.rules import Rule
from tests.moderation.world import World

BEFORE, AFTER = Aim("TOXICITY", 0.8, 1), Aim("toxic", 0.5123, 1)


@pytest.fixture
def changed(world: World) -> list[Change]:
    """Two rules, and what they are to be: one of them on an attribute whose tag is not there yet."""
    toxicity = world.tag("TOXICITY")
    first = world.rule(toxicity, 0.8, 1, "Reject")
    second = world.rule(toxicity, 0, 0.2, "Accept")
    return [
        Change(first, BEFORE, AFTER),
        Change(second, Aim("toxicity", 0, 0.2), Aim("TOXICITY", 0, 0.008)),
    ]


def ranges(world: World) -> list[tuple[str, float, float]]:
    """The rules as they are."""
    return [
        (world.get(Tag, rule.tag_id).attribute, rule.lower_threshold, rule.upper_threshold)
        for rule in world.all(ModerationRule)
    ]


def test_there_and_back(world: World, changed: list[Change]) -> None:
    """The tag that is missing is made as scoring would make it; a second time changes nothing."""
    before = world.dump()
    for _ in range(2):
        rewrite(world.engine, changed)
        assert [("toxic", 0.5123, 1), ("TOXICITY", 0, 0.008)] == ranges(world)
    assert [("TOXICITY", True), ("toxic", True)] == [
        (tag.attribute, tag.in_summary_score) for tag in world.all(Tag)
    ]
    for _ in range(2):
        rewrite(world.engine, [change.back() for change in changed])
        assert [("TOXICITY", 0.8, 1), ("TOXICITY", 0, 0.2)] == ranges(world)
    kept = {"tags": None, "moderation_rules": None}
    assert before | kept == world.dump() | kept


@pytest.mark.parametrize("harm", ["changed", "gone"])
def test_a_rule_that_is_not_as_it_was(world: World, changed: list[Change], harm: str) -> None:
    """Nothing is changed then, not even the rules before it."""
    last = Change(99, BEFORE, AFTER) if harm == "gone" else Change(changed[1].rule_id, BEFORE, AFTER)
    said = (
        "rule 99 is gone" if harm == "gone" else "is on TOXICITY 0 to 0.2 now, no more on TOXICITY 0.8 to 1"
    )
    before = world.dump()
    with pytest.raises(RulesChanged, match=said):
        rewrite(world.engine, [changed[0], last])
    assert before == world.dump()


def test_the_file_leads_back(tmp_path: Path) -> None:
    """It holds all that is needed; another file is refused by name."""
    path = tmp_path / "home" / "rules-7-9.json"
    wanted = [Change(3, BEFORE, AFTER)]
    write_down(path, wanted)
    assert wanted == read_back(path)
    assert [path] == list(path.parent.iterdir())
    for text in ("", "[]", '{"rules": [{"rule_id": 3}]}'):
        path.write_text(text)
        with pytest.raises(ValueError, match="rules-7-9.json holds no changes of rules"):
            read_back(path)


def test_rules_that_are_changed_already_are_seen_as_before() -> None:
    """And those that were changed again since as they are."""
    attributes = Attributes([Attribute(1, "TOXICITY", True), Attribute(2, "toxic", True)])
    rules = [Rule(3, 2, None, 0.5123, 1, "Reject"), Rule(4, 2, None, 0.6, 1, "Reject")]
    made = [Change(number, BEFORE, AFTER) for number in (3, 4)]
    assert [Rule(3, 1, None, 0.8, 1, "Reject"), rules[1]] == as_before(rules, made, attributes)
