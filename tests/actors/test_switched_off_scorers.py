"""Scorers that are switched off or deleted while a comment waits for them, and questions that the queue has lost."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from osmod.moderation.database import open_session
from osmod.moderation.models import Comment, CommentScoreRequest, User
from tests.actors.jobs import Jobs
from tests.actors.scorers import ANSWER
from tests.actors.scorers import comment as comment
from tests.actors.scorers import service as service
from tests.actors.test_failing_scorers import REFUSAL, pass_time
from tests.golden.fake_scorer import FakeScorer
from tests.moderation.world import World

OF_THE_FIRST = CommentScoreRequest.user_id == 1


@pytest.mark.parametrize("how", ["switched off", "deleted", "no scorer any more"])
def test_nobody_waits_for_them(jobs: Jobs, world: World, comment: int, how: str) -> None:
    """The heartbeat asks the other once more, and its answer completes the comment."""
    jobs.deliver("sendCommentForScoring", commentId=comment)
    first, second = jobs.take()
    with open_session(world.engine) as session:
        if how == "deleted":
            session.execute(update(CommentScoreRequest).where(OF_THE_FIRST).values(user_id=None))
            session.delete(session.get_one(User, 1))
        else:
            change = {"is_active": False} if how == "switched off" else {"group": "general"}
            session.execute(update(User).where(User.id == 1).values(**change))
        session.commit()
    jobs.broker.process(first)
    jobs.broker.process(second)
    jobs.work_off()
    assert not world.get(Comment, comment).is_scored
    pass_time(world, minutes=6)
    jobs.deliver("heartbeat")
    jobs.work_off()
    assert world.get(Comment, comment).is_scored
    assert [2] == [request.user_id for request in world.all(CommentScoreRequest)]
    assert [] == world.miscounted()
    pass_time(world, days=1)
    jobs.deliver("heartbeat")
    assert [] == jobs.waiting()


def test_the_last_one_is_waited_for(jobs: Jobs, world: World, comment: int) -> None:
    """Without any active scorer nothing is withdrawn: they may be switched on again."""
    jobs.deliver("sendCommentForScoring", commentId=comment)
    jobs.take()
    with open_session(world.engine) as session:
        session.execute(update(User).values(is_active=False))
        session.commit()
    pass_time(world, minutes=6)
    jobs.deliver("heartbeat")
    assert ([], 2) == (jobs.waiting(), world.size(CommentScoreRequest))


def test_a_lost_question_beside_a_text_that_cannot_be_scored(
    jobs: Jobs, world: World, service: FakeScorer, comment: int
) -> None:
    """One scorer refuses the text for good, the queue loses the question to the other: that one is asked again."""
    service.begin({"1": {"default": REFUSAL}, "2": {"default": ANSWER}})
    jobs.deliver("sendCommentForScoring", commentId=comment)
    first, _lost = jobs.take()
    jobs.broker.process(first)
    assert not world.get(Comment, comment).is_deferred
    pass_time(world, hours=2)
    jobs.deliver("heartbeat")
    assert [("sendCommentForScoring", {"comment_id": comment, "missing": True})] == jobs.waiting()
