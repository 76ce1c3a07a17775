"""When a scorer is given up for a comment: not before it had its chance, and whatever keeps it from answering."""

from __future__ import annotations

import asyncio

import pytest

from osmod.moderation.models import Comment, CommentScore, Unscored, User
from osmod.scorers import ENDPOINT_TYPES, BadScorerConfig, Question, Scored, ScorerAway, ScorerError
from osmod.task import asking
from osmod.task.asking import TRIES
from tests.actors.jobs import Jobs
from tests.actors.scorers import BUSY, HARMLESS, ToldScorer, config, tried
from tests.actors.scorers import comment as comment
from tests.actors.scorers import service as service
from tests.actors.scorers import told as told
from tests.actors.test_failing_scorers import pass_time
from tests.found import only
from tests.golden.fake_scorer import FakeScorer
from tests.moderation.world import World


def test_a_mistake_in_a_scorer(jobs: Jobs, world: World, told: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it raises is tried again like other failures, and given up; what it says of the comment is kept nowhere."""

    def fail(question: object) -> None:
        raise KeyError("what a reader wrote")

    monkeypatch.setattr(ToldScorer, "does", fail)
    jobs.deliver("sendCommentForScoring", commentId=told)
    asking = only(jobs.take())
    with pytest.raises(ScorerError, match=r"^scorer 1 could not be asked: KeyError, ") as failed:
        jobs.broker.process(asking)
    assert jobs.broker.get_actor("askScorer").options["retry_when"](0, failed.value)
    pass_time(world, seconds=11)
    jobs.broker.process(tried(asking, TRIES - 1))
    assert world.get(Comment, told).is_deferred
    row = only(world.all(Unscored))
    assert "scorer 1 could not be asked: KeyError, a mistake in a program" == row.reason
    assert row.again_at is not None


def test_a_mistake_in_making_a_scorer(
    jobs: Jobs, service: FakeScorer, world: World, comment: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others are asked all the same, and the job names the scorer."""
    monkeypatch.setitem(ENDPOINT_TYPES, "spoilt", "tests.actors.scorers:NoSuchScorer")
    third = world.scorer({"endpointType": "spoilt"})
    service.begin({"1": {"default": HARMLESS}, "2": {"default": HARMLESS}})
    with pytest.raises(BadScorerConfig, match=rf"^scorer {third}: .* fails with AttributeError; "):
        jobs.deliver("sendCommentForScoring", commentId=comment)
    jobs.work_off()
    assert world.get(Comment, comment).is_scored


def test_a_job_run_again_once_its_scorer_is_set_up(
    jobs: Jobs, world: World, service: FakeScorer, comment: int
) -> None:
    """Whom it could not ask is asked then, and nobody else; as long as the settings are of no use, it fails again."""
    third = world.scorer({"endpointType": "nonsense"})
    service.begin({"1": {"default": HARMLESS}, "2": {"default": HARMLESS}, "3": {"default": HARMLESS}})
    sending = jobs.message("sendCommentForScoring", commentId=comment)
    for _ in range(2):
        with pytest.raises(BadScorerConfig):
            jobs.broker.process(sending)
        jobs.work_off()
    assert [1, 2] == [one["scorer"] for one in service.requests]

    world.do(lambda work: setattr(work.session.get_one(User, third), "extra", config(service, 3)))
    for _ in range(2):
        jobs.broker.process(sending)
        jobs.work_off()
    assert [1, 2, third] == [one["scorer"] for one in service.requests]
    assert [1, 2, third] == sorted(score.user_id or 0 for score in world.all(CommentScore))


def test_a_sending_for_missing_scores_that_comes_back(
    jobs: Jobs, world: World, service: FakeScorer, comment: int
) -> None:
    """Who had answered before it was not passed over: nobody is asked again."""
    service.begin({"1": {"default": BUSY}, "2": {"default": HARMLESS}})
    jobs.deliver("sendCommentForScoring", commentId=comment)
    _, second = jobs.take()
    jobs.broker.process(second)
    jobs.work_off()
    pass_time(world, minutes=6)
    service.begin({"1": {"default": HARMLESS}, "2": {"default": HARMLESS}})
    sending = jobs.message("sendCommentForScoring", commentId=comment, missing=True)
    for _ in range(2):
        jobs.broker.process(sending)
        jobs.work_off()
    assert [1] == [one["scorer"] for one in service.requests]


def test_while_no_scorer_can_be_asked(
    jobs: Jobs, world: World, told: int, caplog: pytest.LogCaptureFixture
) -> None:
    """The heartbeat sends nothing, as each of these jobs would fail, every ten minutes; the log says why."""

    def set_up(**config: object) -> None:
        world.do(
            lambda work: setattr(work.session.get_one(User, 1), "extra", {"endpointType": "told", **config})
        )

    set_up(deadline="tomorrow")
    with pytest.raises(BadScorerConfig):
        jobs.deliver("sendCommentForScoring", commentId=told)
    pass_time(world, minutes=6)
    caplog.clear()
    jobs.deliver("heartbeat")
    assert [] == jobs.waiting()
    assert (
        "no scorer can be asked, comments wait: scorer 1: deadline in users.extra must be seconds"
        in caplog.text
    )
    set_up()
    jobs.deliver("heartbeat")
    assert [("sendCommentForScoring", {"comment_id": told, "missing": True})] == jobs.waiting()


def test_a_first_try_past_the_deadline(jobs: Jobs, world: World, service: FakeScorer, comment: int) -> None:
    """A comment that waited in the queue for longer than that: its scorer's first hiccup is not its last chance."""
    service.begin({"1": {"default": BUSY}, "2": {"default": HARMLESS}})
    jobs.deliver("sendCommentForScoring", commentId=comment)
    asking, _ = jobs.take()
    pass_time(world, hours=2)
    for times in range(TRIES - 1):
        with pytest.raises(ScorerAway):
            jobs.broker.process(tried(asking, times))
    assert not world.get(Comment, comment).is_deferred
    jobs.broker.process(tried(asking, TRIES - 1))
    assert world.get(Comment, comment).is_deferred


def test_who_has_answered_while_another_cannot_be_asked(
    jobs: Jobs, world: World, service: FakeScorer, comment: int
) -> None:
    """Is not asked again and again: the answer that lacks is that of one whose settings a person has to mend."""
    service.begin({"1": {"default": BUSY}, "2": {"default": HARMLESS}})
    jobs.deliver("sendCommentForScoring", commentId=comment)
    first, second = jobs.take()
    jobs.broker.process(second)
    jobs.work_off()
    world.do(lambda work: setattr(work.session.get_one(User, 1), "extra", {"endpointType": "nonsense"}))
    with pytest.raises(BadScorerConfig):
        jobs.broker.process(first)
    assert [2] == [one["scorer"] for one in service.requests]
    for _ in range(3):
        pass_time(world, hours=7)
        jobs.deliver("heartbeat")
        (sending,) = jobs.take()
        with pytest.raises(BadScorerConfig, match="scorer 1"):
            jobs.broker.process(sending)
        jobs.work_off()
    assert [2] == [one["scorer"] for one in service.requests]


def test_an_answer_to_come_later_of_one_whose_settings_are_spoilt_meanwhile(
    jobs: Jobs, world: World, told: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A person looks at the comment, as where it could not even be asked; the job says what to mend."""
    monkeypatch.setattr(ToldScorer, "does", lambda question: None)
    jobs.deliver("sendCommentForScoring", commentId=told)
    jobs.broker.process(only(jobs.take()))
    world.do(
        lambda work: setattr(
            work.session.get_one(User, 1), "extra", {"endpointType": "told", "deadline": "tomorrow"}
        )
    )
    with pytest.raises(BadScorerConfig, match="deadline"):
        jobs.broker.process(only(jobs.take()))
    assert world.get(Comment, told).is_deferred
    assert "deadline" in only(world.all(Unscored)).reason


class HangingScorer(ToldScorer):
    """One that never returns."""

    async def score(self, question: Question) -> Scored | None:
        """Wait for ever."""
        await asyncio.Event().wait()
        return None


def test_a_scorer_that_hangs(jobs: Jobs, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is away, before the job's time limit is over: a job that met that each time never saw the deadline pass."""
    monkeypatch.setattr(asking, "PATIENCE", 0.05)
    monkeypatch.setitem(ENDPOINT_TYPES, "hanging", f"{__name__}:HangingScorer")
    scorer = world.scorer({"endpointType": "hanging", "deadline": 10})
    comment = world.comment(world.article(world.category()))
    jobs.deliver("sendCommentForScoring", commentId=comment)
    question = only(jobs.take())
    with pytest.raises(ScorerAway, match=rf"^scorer {scorer} has not answered in time: it seems to hang$"):
        jobs.broker.process(question)
    pass_time(world, seconds=11)
    jobs.broker.process(tried(question, TRIES - 1))
    assert world.get(Comment, comment).is_deferred
