"""The rules by which ours differs from OSMod's: each is needed, none says more than it means, all are written down."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import actors  # noqa: F401 - what the rules ask of tasks
from tests.http_golden.case import SHARED, Case, load_cases, load_fixture
from tests.http_golden.expected import as_osmod, differences
from tests.http_golden.rules import RULES, rule_for
from tests.http_golden.server import Answer
from tests.http_golden.test_http_golden import UNSEEN

FIXTURE = load_fixture(SHARED)
KEPT = load_cases(SHARED)
DOCUMENT = (Path(__file__).parents[2] / "docs" / "osmod-quirks.md").read_text(encoding="utf-8")


def test_every_rule_is_needed() -> None:
    """Each holds for some case."""
    used = {rule.says for case in (*KEPT, *load_cases(UNSEEN)) if (rule := rule_for(case, FIXTURE))}
    assert {rule.says for rule in RULES} == used


def test_cases_that_differ_say_so() -> None:
    """A case says that ours differs if a rule holds for it, in the rule's words, or if it is of the task API."""
    wrong = [
        case.name
        for case in KEPT
        if case.server != "tasks" and case.differs != ((rule := rule_for(case, FIXTURE)) and rule.says)
    ]
    assert [] == wrong
    assert all(case.differs for case in KEPT if case.server == "tasks")


@pytest.mark.parametrize("case", [case for case in KEPT if case.ours], ids=lambda case: case.name)
def test_ours_is_what_the_rule_says(case: Case) -> None:
    """What a kept case says of ours would pass by the rule alone, as that of an unseen case does."""
    rule = rule_for(case, FIXTURE)
    assert rule
    assert case.ours
    told = case.ours
    expected = rule.ours(case, FIXTURE)
    answer = Answer(
        told["status"],
        {name.lower(): value for name, value in (expected.headers or {}).items()},
        told["body"],
        told.get("effect", {}),
        told.get("queued", []),
    )
    assert [] == list(differences(expected, answer))


def test_what_osmod_did_right_is_under_no_rule() -> None:
    """Most of it; only the families that are not ours are under one as a whole."""
    ours = [case for case in KEPT if case.family in ("comment-actions", "comment-scores", "assistant")]
    right = [case for case in ours if rule_for(case, FIXTURE) is None]
    assert (119, 92) == (len(ours), len(right))
    assert all(as_osmod(case).statuses <= {200, 401, 403, 404, 422, 400} for case in right)


def test_every_rule_is_in_the_document() -> None:
    """docs/osmod-quirks.md names, for each rule that a kept case shows, one of these; and no case that is none."""
    shown: dict[str, set[str]] = {}
    for case in KEPT:
        if rule := rule_for(case, FIXTURE):
            shown.setdefault(rule.says, set()).add(f"{case.family}/{case.name}")
    families = {case.family for case in KEPT}
    named = set(re.findall(rf"`((?:{'|'.join(families)})/[\w-]+)`", DOCUMENT))
    assert set() == named - {f"{case.family}/{case.name}" for case in KEPT}
    assert [] == [says for says, cases in shown.items() if not cases & named]


def test_names_are_told_apart() -> None:
    """No two cases of a family have a name in common."""
    for path in SHARED.glob("*.json"):
        if path.name != "fixture.json":
            names = [told["name"] for told in json.loads(path.read_text("utf-8"))]
            assert len(names) == len(set(names)), path.name
