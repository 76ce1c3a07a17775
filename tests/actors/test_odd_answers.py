"""Answers of scorers with what no column can hold: they are told from good ones when they come."""

from __future__ import annotations

import pytest

from osmod.moderation.models import Unscored
from osmod.scorers import BadAnswer
from osmod.task.asking import TRIES
from tests.actors.jobs import Jobs
from tests.actors.scorers import ANSWER, tried
from tests.actors.scorers import comment as comment
from tests.actors.scorers import service as service
from tests.actors.test_failing_scorers import pass_time
from tests.found import only
from tests.golden.fake_scorer import FakeScorer
from tests.moderation.world import World


@pytest.mark.parametrize(("status", "again"), [(503, True), (400, False)])
def test_half_a_character_in_what_a_scorer_says(
    jobs: Jobs, world: World, service: FakeScorer, comment: int, status: int, again: bool
) -> None:
    """It keeps no scorer from being given up: the reason has U+FFFD in its place."""
    said = {"status": status, "body": {"error": {"message": "half \ud83d of it"}}}
    service.begin({"1": {"default": said}, "2": {"default": ANSWER}})
    jobs.deliver("sendCommentForScoring", commentId=comment)
    first, _ = jobs.take()
    pass_time(world, minutes=61)
    jobs.broker.process(tried(first, TRIES - 1))
    row = only(world.all(Unscored))
    assert (f"answered {status}: half \ufffd of it", again) == (
        row.reason.partition("analyze) ")[2],
        row.again_at is not None,
    )


@pytest.mark.parametrize("name", ["half \ud83d", "A@" + "6" * 300])
def test_a_name_that_cannot_be_stored(
    jobs: Jobs, world: World, service: FakeScorer, comment: int, name: str
) -> None:
    """It is a bad answer when it comes: no job is made of it that could only fail."""
    attribute = {"spanScores": [], "summaryScore": {"value": 0.9}}
    wrong = {"status": 200, "body": {"attributeScores": {name: attribute}}}
    service.begin({"1": {"default": wrong}, "2": {"default": ANSWER}})
    jobs.deliver("sendCommentForScoring", commentId=comment)
    first, _ = jobs.take()
    with pytest.raises(BadAnswer, match="an attribute's name has 1 to 255 characters"):
        jobs.broker.process(first)
    assert [] == jobs.waiting()
