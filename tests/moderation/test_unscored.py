"""Scorers that are given up: a person looks at the comment, nobody publishes it, and a late answer still counts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from osmod.moderation import decisions, unscored
from osmod.moderation.models import (
    Article,
    Comment,
    CommentScoreRequest,
    CommentSummaryScore,
    Decision,
    Unscored,
    now,
)
from osmod.moderation.removal import remove_comment
from tests.moderation.test_scoring import answer
from tests.moderation.world import World

AWAY = "scorer 1 (http://scorer) answered 503"


def give_up(world: World, comment: int, request: int, *, for_good: bool = False, reason: str = AWAY) -> bool:
    """Give up one request."""
    done = world.do(lambda work: unscored.give_up(work, comment, request, reason, for_good=for_good)).value
    assert done is not None
    return done


def state(world: World, comment: int) -> tuple[Any, ...]:
    """isScored, isAccepted, isModerated, isDeferred."""
    row = world.get(Comment, comment)
    return row.is_scored, row.is_accepted, row.is_moderated, row.is_deferred


UNDECIDED = (False, None, False, False)
WITH_A_PERSON = (False, None, True, True)


@pytest.fixture
def article(world: World) -> int:
    """An article with rules: reject from 0.8 on, accept below 0.2."""
    tag = world.tag("TOXICITY")
    world.rule(tag, 0.8, 1, "Reject")
    world.rule(tag, 0, 0.2, "Accept")
    return world.article(world.category())


@pytest.fixture
def comment(world: World, article: int) -> int:
    """A comment that two scorers (1 and 2) were asked about, by the requests 1 and 2."""
    comment = world.comment(article)
    world.asked(comment, world.scorer(), world.scorer())
    return comment


def test_a_person_looks_at_it(world: World, article: int, comment: int) -> None:
    """Deferred in our own name, with the reason kept, counted right; the request stays open."""
    assert give_up(world, comment, 1)
    assert WITH_A_PERSON == state(world, comment)
    (decision,) = world.all(Decision)
    assert ("Defer", "Rule", None, None, True) == (
        decision.status,
        decision.source,
        decision.user_id,
        decision.moderation_rule_id,
        decision.is_current_decision,
    )
    (row,) = world.all(Unscored)
    assert (comment, 1, AWAY, 0) == (row.comment_id, row.scorer_id, row.reason, row.times)
    assert row.again_at == row.since + unscored.FIRST_PAUSE
    assert [None, None] == [request.done_at for request in world.all(CommentScoreRequest)]
    assert {"all_count": 1, "unprocessed_count": 1, "deferred_count": 1} == world.counts_of(Article, article)
    assert [] == world.miscounted()


def test_twice_is_once(world: World, comment: int) -> None:
    """Given up again, by this scorer or the other, the comment has one decision; the last reason is kept."""
    give_up(world, comment, 1)
    give_up(world, comment, 1, reason="later")
    give_up(world, comment, 2)
    assert 1 == world.size(Decision)
    assert ["later", AWAY] == [row.reason for row in world.all(Unscored)]
    assert [] == world.miscounted()


def test_a_long_reason(world: World, comment: int) -> None:
    """Only its beginning is kept."""
    give_up(world, comment, 1, reason="é" * 5_000)
    assert 1_000 == len(world.all(Unscored)[0].reason)


@pytest.mark.parametrize("which", ["answered", "replaced", "deleted"])
def test_a_request_that_is_done_with(world: World, comment: int, which: str) -> None:
    """It is not given up any more, and nothing changes."""
    if which == "answered":
        answer(world, comment, 1, TOXICITY=0.5)
    before = world.dump()
    assert not give_up(world, 99 if which == "deleted" else comment, 77 if which == "replaced" else 1)
    assert before == world.dump()


@pytest.mark.parametrize(("act", "accepted"), [("Accept", True), ("Reject", False), ("Defer", None)])
def test_a_moderator_was_faster(world: World, comment: int, act: Any, accepted: bool | None) -> None:
    """What a person decided stays as it is."""
    person = world.user()
    world.do(lambda work: decisions.decide(work, act, [decisions.Act(comment, person)]))
    give_up(world, comment, 1)
    assert accepted is world.get(Comment, comment).is_accepted
    assert ["User"] == [decision.source for decision in world.all(Decision)]
    assert [] == world.miscounted()


def test_one_of_two_scorers_is_down(world: World, comment: int) -> None:
    """The other's scores are stored, before or after; the comment waits for a person until both are there."""
    answer(world, comment, 2, TOXICITY=0.1)
    give_up(world, comment, 1)
    assert WITH_A_PERSON == state(world, comment)
    assert [0.1] == [row.score for row in world.all(CommentSummaryScore)]
    answer(world, comment, 1, SPAM=0.1)
    assert (True, True, True, False) == state(world, comment)
    assert [] == world.miscounted()


def test_scores_that_come_late(world: World, comment: int) -> None:
    """A rule decides after all; why there were none is forgotten."""
    give_up(world, comment, 1)
    answer(world, comment, 1, TOXICITY=0.9)
    answer(world, comment, 2)
    assert (True, False, True, False) == state(world, comment)
    assert [("Defer", False), ("Reject", True)] == [
        (d.status, d.is_current_decision) for d in world.all(Decision)
    ]
    assert [] == world.all(Unscored)
    assert [] == world.miscounted()


def test_scores_that_come_late_and_decide_nothing(world: World, article: int, comment: int) -> None:
    """The comment is undecided again, as any that no rule resolves, and waits among the new ones."""
    give_up(world, comment, 1)
    answer(world, comment, 1, TOXICITY=0.5)
    answer(world, comment, 2)
    assert (True, None, False, False) == state(world, comment)
    assert not world.get(Comment, comment).is_auto_resolved
    assert [False] == [decision.is_current_decision for decision in world.all(Decision)]
    assert {"all_count": 1, "unmoderated_count": 1} == world.counts_of(Article, article)
    assert [] == world.miscounted()


def test_the_other_scorer_is_still_asked(world: World, comment: int) -> None:
    """Once the scorer that was given up has answered, the comment waits for the other one, and for no person."""
    give_up(world, comment, 1)
    answer(world, comment, 1, TOXICITY=0.5)
    assert UNDECIDED == state(world, comment)
    assert [] == world.miscounted()
    give_up(world, comment, 2)
    assert WITH_A_PERSON == state(world, comment)


def test_a_moderator_deferred_it_too(world: World, comment: int) -> None:
    """What a person deferred stays deferred when scores come."""
    person = world.user()
    give_up(world, comment, 1)
    world.do(lambda work: decisions.decide(work, "Defer", [decisions.Act(comment, person)]))
    answer(world, comment, 1, TOXICITY=0.5)
    answer(world, comment, 2)
    assert (True, None, True, True) == state(world, comment)


@pytest.mark.parametrize("order", ["before", "after"])
def test_a_text_that_one_scorer_cannot_score(world: World, comment: int, order: str) -> None:
    """The other's scores complete the comment; what is bad is rejected."""
    if order == "before":
        give_up(world, comment, 1, for_good=True)
        assert UNDECIDED == state(world, comment), "the other may answer"
    answer(world, comment, 2, TOXICITY=0.9)
    if order == "after":
        give_up(world, comment, 1, for_good=True)
    assert (True, False, True, False) == state(world, comment)
    (row,) = world.all(Unscored)
    assert row.again_at is None
    assert all(request.done_at for request in world.all(CommentScoreRequest))
    assert [] == world.miscounted()


@pytest.mark.parametrize("order", ["before", "after"])
def test_nothing_is_accepted_on_half_the_scores(world: World, comment: int, order: str) -> None:
    """A comment of which a scorer is missing is left to a person where a rule would have published it."""
    if order == "before":
        give_up(world, comment, 1, for_good=True)
    answer(world, comment, 2, TOXICITY=0.1)
    if order == "after":
        give_up(world, comment, 1, for_good=True)
    assert (True, None, False, False) == state(world, comment)
    assert [] == world.miscounted()


def test_a_text_that_nobody_can_score(world: World, comment: int) -> None:
    """It goes to a person once the last scorer has said so; it counts as not scored."""
    give_up(world, comment, 1, for_good=True)
    give_up(world, comment, 2, for_good=True)
    assert WITH_A_PERSON == state(world, comment)
    assert [] == world.miscounted()


def test_a_comment_scored_before(world: World, comment: int) -> None:
    """A rescore that fails leaves it as it is."""
    answer(world, comment, 1, TOXICITY=0.1)
    answer(world, comment, 2)
    world.asked(comment, 1)
    give_up(world, comment, 3)
    assert (True, True, True, False) == state(world, comment)
    assert 1 == world.size(Decision)


def test_pauses_grow(world: World, comment: int) -> None:
    """Each time that it is asked again the next time is twice as far, up to a day; one for good stays so."""
    give_up(world, comment, 1)
    give_up(world, comment, 2, for_good=True)
    pauses = []
    for _ in range(9):
        world.do(lambda work: unscored.put_further_off(work, [comment]))
        row = world.all(Unscored)[0]
        assert row.again_at
        pauses += [round((row.again_at - now()) / timedelta(minutes=1))]
    assert [20, 40, 80, 160, 320, 640, 1280, 1440, 1440] == pauses
    assert world.all(Unscored)[1].again_at is None
    give_up(world, comment, 1)
    last = world.all(Unscored)[0]
    assert last.again_at
    assert last.again_at > now() + timedelta(hours=23), "given up again it does not begin anew"


def test_a_comment_without_article(world: World) -> None:
    """There is nothing to count, and a person is to look at it all the same."""
    comment = world.comment(None)
    world.asked(comment, world.scorer())
    give_up(world, comment, 1)
    assert WITH_A_PERSON == state(world, comment)


def test_a_comment_that_is_taken_away(world: World, comment: int) -> None:
    """Nothing is kept of it, as another comment may get its id on some databases."""
    give_up(world, comment, 1)
    world.do(lambda work: remove_comment(work, f"c{comment}"))
    assert ([], []) == (world.all(Unscored), world.all(CommentScoreRequest))
