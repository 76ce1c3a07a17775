"""Scores that come after a person has decided: stored, but no rule decides again, unless it may."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from osmod.moderation import decisions, scoring
from osmod.moderation.models import Article, Comment, CommentSummaryScore, Decision
from osmod.moderation.score_data import ScoreData
from osmod.moderation.work import Work
from tests.moderation.world import World

PERSON = 1


@pytest.fixture
def comment(world: World) -> int:
    """A comment with a scorer; rules reject from 0.8 on, highlight below 0.2, accept below 0.4."""
    assert PERSON == world.user()
    tag = world.tag("TOXICITY")
    world.rule(tag, 0.8, 1, "Reject")
    world.rule(tag, 0.001, 0.2, "Highlight")
    world.rule(tag, 0.21, 0.4, "Accept")
    comment = world.comment(world.article(world.category()))
    world.asked(comment, world.scorer())
    return comment


def answer(world: World, comment: int, toxicity: float, *, override: bool = False) -> None:
    """Take in the scorer's answer."""
    data = ScoreData(scores={}, summary_scores={"TOXICITY": toxicity})
    world.do(
        lambda work: scoring.process_machine_scores(
            work, [scoring.Answer(comment, 2, data)], override=override
        )
    )


def acts(*names: str) -> Callable[[Work, int], None]:
    """Several acts of a person, or of nobody, one after another."""

    def do(work: Work, comment: int) -> None:
        for name in names:
            kind, _, user = name.partition(" by ")
            who = None if user == "nobody" else PERSON
            if kind == "reset":
                decisions.reset(work, [decisions.Act(comment, who)])
            elif kind == "highlight":
                decisions.highlight(work, [decisions.Act(comment, who)])
            else:
                decisions.decide(work, kind, [decisions.Act(comment, who)])  # type: ignore[arg-type]

    return do


def state(world: World, comment: int) -> tuple[Any, ...]:
    """isAccepted, isModerated, isDeferred, isHighlighted."""
    row = world.get(Comment, comment)
    return row.is_accepted, row.is_moderated, row.is_deferred, row.is_highlighted


STANDS = [
    ("Accept",),
    ("Reject",),
    ("Defer",),
    ("highlight",),
    ("highlight", "highlight"),
    ("Accept by nobody", "Reject"),
    ("Reject by nobody", "highlight"),
    ("Accept by nobody", "highlight"),
    ("Reject", "reset", "Accept"),
    ("Accept", "reset", "highlight"),
]
FALLS = [
    (),
    ("Accept by nobody",),
    ("Defer by nobody",),
    ("Accept", "reset"),
    ("highlight", "reset"),
    ("Accept", "Accept by nobody"),
]


@pytest.mark.parametrize("names", STANDS, ids=" ".join)
def test_a_person_s_decision_stands(world: World, comment: int, names: tuple[str, ...]) -> None:
    """Scores are stored and the comment is scored; nothing else changes, and all is counted."""
    world.do(lambda work: acts(*names)(work, comment))
    before, decided = state(world, comment), world.size(Decision)
    answer(world, comment, 0.9)
    assert (before, decided) == (state(world, comment), world.size(Decision))
    assert world.get(Comment, comment).is_scored
    assert [0.9] == [row.score for row in world.all(CommentSummaryScore)]
    assert [] == world.miscounted()


@pytest.mark.parametrize("names", FALLS, ids=lambda names: " ".join(names) or "nothing")
def test_what_no_person_decided(world: World, comment: int, names: tuple[str, ...]) -> None:
    """Rules decide on what is undecided, was reset, or was decided by none."""
    world.do(lambda work: acts(*names)(work, comment))
    answer(world, comment, 0.9)
    assert (False, True, False) == state(world, comment)[:3]
    assert [("Reject", "Rule")] == [
        (row.status, row.source) for row in world.all(Decision) if row.is_current_decision
    ]
    assert [] == world.miscounted()


@pytest.mark.parametrize("names", [*STANDS, *FALLS], ids=lambda names: " ".join(names) or "nothing")
def test_rules_that_may_override(world: World, comment: int, names: tuple[str, ...]) -> None:
    """As OSMod does it, whoever decided before (quirk 8)."""
    world.do(lambda work: acts(*names)(work, comment))
    answer(world, comment, 0.9, override=True)
    assert (False, True, False) == state(world, comment)[:3]
    assert [] == world.miscounted()


@pytest.mark.parametrize(("first", "then"), [(0.9, 0.3), (0.3, 0.9), (0.1, 0.9), (0.9, 0.1)])
def test_rules_override_rules(world: World, comment: int, first: float, then: float) -> None:
    """A rescore decides anew what a rule decided, a highlight of a rule's among it."""
    answer(world, comment, first)
    answer(world, comment, then)
    assert (then < 0.5) is world.get(Comment, comment).is_accepted
    assert 2 == world.size(Decision)


@pytest.mark.parametrize(("toxicity", "highlighted"), [(0.3, True), (0.1, False)])
def test_a_highlight_of_a_rule_s_acceptance(
    world: World, comment: int, toxicity: float, highlighted: bool
) -> None:
    """Set or taken away by a person, it makes the comment that person's; counts follow."""
    answer(world, comment, toxicity)
    world.do(lambda work: acts("highlight")(work, comment))
    assert highlighted is state(world, comment)[3]
    answer(world, comment, 0.9)
    assert (True, True, False, highlighted) == state(world, comment)
    assert 1 == world.get(Article, 1).approved_count
