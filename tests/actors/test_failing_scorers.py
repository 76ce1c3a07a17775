"""Scorers that fail, each in its way: what is tried again, what a person is to look at, and what is said of it."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from osmod.moderation.database import open_session
from osmod.moderation.models import Comment, CommentScore, CommentScoreRequest, Decision, Unscored, User
from osmod.scorers import (
    BadAnswer,
    BadScorerConfig,
    ScorerAway,
    ScorerError,
)
from osmod.settings import get_settings
from osmod.task import asking
from osmod.task.asking import TRIES
from tests.actors.jobs import Jobs
from tests.actors.scorers import ANSWER, BUSY, UNCONFIGURED, ToldScorer, ask, scored, settled, tried
from tests.actors.scorers import comment as comment
from tests.actors.scorers import service as service
from tests.actors.scorers import told as told
from tests.found import only
from tests.golden.fake_scorer import FakeScorer
from tests.moderation.world import World

REFUSAL = {"status": 400, "body": {"error": {"message": "language not supported"}}}


def pass_time(world: World, **of: float) -> None:
    """Have all requests, and what was given up, be so much older."""
    past = timedelta(**of)
    with open_session(world.engine) as session:
        for request in session.scalars(select(CommentScoreRequest)):
            request.sent_at -= past
        for given_up in session.scalars(select(Unscored).where(Unscored.again_at.is_not(None))):
            assert given_up.again_at
            given_up.again_at -= past
        for comment in session.scalars(select(Comment).where(Comment.sent_for_scoring.is_not(None))):
            assert comment.sent_for_scoring
            comment.sent_for_scoring -= past
        session.commit()


def test_a_failing_scorer(jobs: Jobs, world: World, service: FakeScorer, comment: int) -> None:
    """A scorer that fails leaves the comment waiting; the other's scores are stored; asked again, it completes it."""
    service.begin({"1": {"default": BUSY}, "2": {"default": ANSWER}})
    jobs.deliver("sendCommentForScoring", commentId=comment)
    first, second = jobs.take()
    for _ in range(2):
        with pytest.raises(ScorerAway) as failed:
            jobs.broker.process(first)
        assert f"scorer 1 (http://{service.host}/s/1/analyze) answered 503: {{}}" == str(failed.value)
        assert jobs.broker.get_actor("askScorer").options["retry_when"](0, failed.value)
    jobs.broker.process(second)
    jobs.work_off()
    row = world.get(Comment, comment)
    assert (False, None, 0) == (row.is_scored, row.is_accepted, world.size(Decision))
    assert [2] == [score.user_id for score in world.all(CommentScore)]
    service.begin({"1": {"default": ANSWER}})
    jobs.broker.process(first)
    jobs.work_off()
    settled(world, comment)


def test_an_answer_out_of_range(
    jobs: Jobs, world: World, service: FakeScorer, comment: int, caplog: pytest.LogCaptureFixture
) -> None:
    """An answer that makes no sense is never stored: the comment waits."""
    wrong = {"TOXICITY": {"spanScores": [], "summaryScore": {"value": 7}}}
    service.begin(
        {"1": {"default": {"status": 200, "body": {"attributeScores": wrong}}}, "2": {"default": ANSWER}}
    )
    jobs.deliver("sendCommentForScoring", commentId=comment)
    with pytest.raises(BadAnswer) as failed:
        ask(jobs)
    assert (
        f"scorer 1 (http://{service.host}/s/1/analyze) answered with "
        "attributeScores.TOXICITY.summaryScore.value = 7: Input should be less than or equal to 1"
    ) == str(failed.value)
    jobs.work_off()
    assert not world.get(Comment, comment).is_scored


def test_a_badly_configured_scorer(
    jobs: Jobs, world: World, service: FakeScorer, comment: int, caplog: pytest.LogCaptureFixture
) -> None:
    """The others are asked, the job says what is wrong with whose settings and is not retried (quirk 12)."""
    broken = world.scorer()
    with pytest.raises(BadScorerConfig) as failed:
        jobs.deliver("sendCommentForScoring", commentId=comment)
    assert (
        f"scorer {broken}: users.extra is empty; "
        'give it {"endpointType": …} and what that endpoint type needs, or switch the user off'
    ) == str(failed.value)
    assert not jobs.broker.get_actor("sendCommentForScoring").options["retry_when"](0, failed.value)
    jobs.work_off()
    settled(world, comment)


def test_a_scorer_badly_configured_meanwhile(jobs: Jobs, world: World, comment: int) -> None:
    """Settings that were spoilt since the request was opened: a person is to look at comment and settings."""
    jobs.deliver("sendCommentForScoring", commentId=comment)
    with world.engine.begin() as connection:
        connection.execute(User.__table__.update().where(User.id == 1).values(extra=UNCONFIGURED))  # type: ignore[attr-defined]
    with pytest.raises(BadScorerConfig, match=r"^scorer 1: "):
        ask(jobs)
    assert [2] == [arguments["user_id"] for _, arguments in jobs.waiting()]
    assert world.get(Comment, comment).is_deferred
    assert [1] == [row.scorer_id for row in world.all(Unscored)]


def test_the_last_log_says_what_failed(
    jobs: Jobs, service: FakeScorer, comment: int, caplog: pytest.LogCaptureFixture
) -> None:
    """The log names scorer and reason, where OSMod's names a job's number only (quirk 15): once for all jobs."""
    service.begin({"1": {"default": BUSY}, "2": {"default": ANSWER}})
    asking._outage_of.cache_clear()  # It may have been away in other tests.
    jobs.deliver("sendCommentForScoring", commentId=comment)
    with caplog.at_level(logging.DEBUG, "osmod"), pytest.raises(ScorerError) as caught:
        ask(jobs)
    reason = f"scorer 1 (http://{service.host}/s/1/analyze) answered 503: {{}}"
    said = {
        "osmod.outages": f"Scorer 1 away: {reason}: see whether it is up, and its key and quota in order; "
        "trying until it works.",
    }
    assert said == {record.name: record.getMessage() for record in caplog.records if record.name in said}
    assert reason == str(caught.value)


def test_past_its_deadline(jobs: Jobs, world: World, service: FakeScorer, comment: int) -> None:
    """A scorer that stays away for an hour: a person looks at the comment. Once it is back, a rule decides."""
    service.begin({"1": {"default": BUSY}, "2": {"default": ANSWER}})
    jobs.deliver("sendCommentForScoring", commentId=comment)
    away, _ = jobs.broker.sent
    with pytest.raises(ScorerAway):
        ask(jobs)
    jobs.work_off()
    pass_time(world, minutes=61)
    jobs.broker.process(tried(away, TRIES - 1))
    row = world.get(Comment, comment)
    assert (False, None, True) == (row.is_scored, row.is_accepted, row.is_deferred)
    assert [f"scorer 1 (http://{service.host}/s/1/analyze) answered 503: {{}}"] == [
        row.reason for row in world.all(Unscored)
    ]
    assert [] == world.miscounted()

    jobs.deliver("heartbeat")
    assert [] == jobs.waiting(), "not before its pause is over"
    pass_time(world, minutes=11)
    jobs.deliver("heartbeat")
    with pytest.raises(ScorerAway):
        jobs.work_off()
    jobs.take()
    pass_time(world, minutes=11)
    jobs.deliver("heartbeat")
    assert [] == jobs.waiting(), "the next pause is longer"
    pass_time(world, minutes=10)
    service.begin({"1": {"default": ANSWER}, "2": {"default": ANSWER}})
    jobs.deliver("heartbeat")
    jobs.work_off()
    assert world.get(Comment, comment).is_accepted is False
    assert [("Defer", False), ("Reject", True)] == [
        (d.status, d.is_current_decision) for d in world.all(Decision)
    ]
    assert [] == world.all(Unscored)
    assert [] == world.miscounted()


def test_a_text_that_cannot_be_scored(jobs: Jobs, world: World, service: FakeScorer, comment: int) -> None:
    """Nobody asks again, not even the heartbeat; the other's scores complete the comment."""
    service.begin({"1": {"default": REFUSAL}, "2": {"default": ANSWER}})
    jobs.deliver("sendCommentForScoring", commentId=comment)
    jobs.work_off()
    assert (True, False) == (world.get(Comment, comment).is_scored, world.get(Comment, comment).is_accepted)
    row = only(world.all(Unscored))
    assert (f"scorer 1 (http://{service.host}/s/1/analyze) answered 400: language not supported", None) == (
        row.reason,
        row.again_at,
    )


def test_a_text_that_nobody_can_score(jobs: Jobs, world: World, service: FakeScorer, comment: int) -> None:
    """A person looks at it, and the heartbeat leaves it alone."""
    service.begin({"1": {"default": REFUSAL}, "2": {"default": REFUSAL}})
    jobs.deliver("sendCommentForScoring", commentId=comment)
    ask(jobs)
    assert world.get(Comment, comment).is_deferred
    pass_time(world, days=30)
    jobs.deliver("heartbeat")
    assert [] == jobs.waiting()
    assert [] == world.miscounted()


def test_a_comment_may_be_left_waiting(
    jobs: Jobs, world: World, service: FakeScorer, comment: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With `WORKER_DEFER_UNSCORED=false` nothing is decided for want of scores, as with OSMod."""
    monkeypatch.setattr(asking, "get_settings", lambda: replace(get_settings(), defer_unscored=False))
    service.begin({"1": {"default": REFUSAL}, "2": {"default": REFUSAL}})
    jobs.deliver("sendCommentForScoring", commentId=comment)
    ask(jobs)
    row = world.get(Comment, comment)
    assert (False, False, None) == (row.is_moderated, row.is_deferred, row.is_accepted)
    assert [None, None] == [request.done_at for request in world.all(CommentScoreRequest)]
    assert ([], []) == (world.all(Decision), world.all(Unscored))


def test_a_scorer_that_calls_back(
    jobs: Jobs, world: World, told: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is asked once; a job waits until its deadline, and has a person look at the comment if it has not called."""
    monkeypatch.setattr(ToldScorer, "does", lambda question: None)
    jobs.deliver("sendCommentForScoring", commentId=told)
    ask(jobs)
    late = only(jobs.take())
    assert ("missScores", {"request_id": 1, "comment_id": told}) == (late.actor_name, late.kwargs)
    jobs.broker.process(late)
    assert not world.get(Comment, told).is_deferred, "it may still call"
    pass_time(world, seconds=10)
    jobs.broker.process(late)
    assert world.get(Comment, told).is_deferred
    assert ["scorer 1 has not called back within 10 seconds"] == [row.reason for row in world.all(Unscored)]
    assert [] == world.miscounted()


def test_a_scorer_that_has_called_back(
    jobs: Jobs, world: World, told: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is missed then."""
    monkeypatch.setattr(ToldScorer, "does", lambda question: None)
    jobs.deliver("sendCommentForScoring", commentId=told)
    ask(jobs)
    jobs.deliver("processMachineScore", commentId=told, userId=1, scoreData=scored(0.5).score_data)
    pass_time(world, seconds=10)
    jobs.work_off()
    assert ([], False) == (world.all(Unscored), world.get(Comment, told).is_deferred)


@pytest.mark.parametrize("deadline", [0, -1, "1", True, 604_801])
def test_a_bad_deadline(jobs: Jobs, world: World, deadline: object) -> None:
    """It is refused before anything is asked."""
    config = {"endpoint": "http://scorer", "attributes": {"A": {}}, "deadline": deadline}
    world.scorer({"endpointType": "perspective-api", **config})
    comment = world.comment(None)
    with pytest.raises(
        BadScorerConfig, match=r"scorer 1: deadline in users.extra must be seconds, above 0 and at"
    ):
        jobs.deliver("sendCommentForScoring", commentId=comment)
