"""Asking the scorers: nothing lost and nothing doubled, whatever fails and whatever is delivered again."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from osmod.moderation.models import (
    Comment,
    CommentScore,
    CommentScoreRequest,
    Decision,
    InboxEntry,
    User,
    now,
)
from osmod.scorers import BadScorerConfig, ScorerError
from osmod.task import asking
from tests.actors.jobs import Jobs
from tests.golden.fake_scorer import FakeScorer, fake_scorer
from tests.moderation.world import World

ANSWER = {
    "status": 200,
    "body": {
        "attributeScores": {
            "TOXICITY": {
                "spanScores": [{"begin": 0, "end": 4, "score": {"value": 0.9}}],
                "summaryScore": {"value": 0.9},
            }
        }
    },
}
BUSY = {"status": 503, "body": {}}
UNCONFIGURED = {"endpointType": "perspective-api"}


@pytest.fixture
def service() -> Iterator[FakeScorer]:
    """A scoring service that answers by user id."""
    with fake_scorer() as fake:
        yield fake


@pytest.fixture
def comment(world: World, service: FakeScorer) -> int:
    """A comment with two scorers (1 and 2), and a rule that rejects what they say."""
    for number in (1, 2):
        world.scorer(config(service, number))
    service.begin({"1": {"default": ANSWER}, "2": {"default": ANSWER}})
    world.rule(world.tag("TOXICITY"), 0.5, 1, "Reject")
    return world.comment(world.article(world.category()))


def config(service: FakeScorer, number: int) -> dict[str, Any]:
    """A scorer's `users.extra`."""
    return {
        "endpointType": "perspective-api",
        "endpoint": f"http://{service.host}/s/{number}/analyze",
        "apiKey": "key",
        "userAgent": "osmod",
        "attributes": {"TOXICITY": {}},
    }


def settled(world: World, comment: int) -> None:
    """The comment is scored by both, decided once and counted right."""
    assert world.get(Comment, comment).is_accepted is False
    assert [True] == [decision.is_current_decision for decision in world.all(Decision)]
    assert [1, 2] == sorted(score.user_id or 0 for score in world.all(CommentScore))
    assert [1, 2] == sorted(request.user_id or 0 for request in world.all(CommentScoreRequest))
    assert all(request.done_at for request in world.all(CommentScoreRequest))
    assert [] == world.miscounted()


def test_a_comment_s_way(jobs: Jobs, world: World, comment: int) -> None:
    """Asked, answered, scored, decided: each answer is a job of its own."""
    jobs.deliver("sendCommentForScoring", commentId=comment)
    assert [("processMachineScore", 1), ("processMachineScore", 2)] == [
        (name, arguments["user_id"]) for name, arguments in jobs.waiting()
    ]
    assert not world.get(Comment, comment).is_scored
    jobs.work_off()
    settled(world, comment)


def test_answers_in_any_order_and_often(jobs: Jobs, world: World, comment: int) -> None:
    """Answers delivered backwards, and all of them twice, are taken in once."""
    jobs.deliver("sendCommentForScoring", commentId=comment)
    answers = jobs.take()
    for message in [*reversed(answers), *answers]:
        jobs.broker.process(message)
    settled(world, comment)


def test_two_answers_from_two_threads(jobs: Jobs, world: World, comment: int) -> None:
    """Both answers at the same moment complete the comment once."""
    jobs.deliver("sendCommentForScoring", commentId=comment)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(jobs.broker.process, jobs.take() * 2))
    settled(world, comment)


def test_killed_after_the_requests_were_opened(
    jobs: Jobs, world: World, service: FakeScorer, comment: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that dies before it asked anybody: the redelivery asks, on the same requests."""

    def die(*_: object) -> None:
        raise SystemExit

    message = jobs.message("sendCommentForScoring", commentId=comment)
    with monkeypatch.context() as killed:
        killed.setattr("osmod.task.asking.Asking.__iter__", die)
        with pytest.raises(SystemExit):
            jobs.broker.process(message)
    opened = [request.id for request in world.all(CommentScoreRequest)]
    assert (2, [], []) == (len(opened), service.requests, jobs.waiting())
    jobs.broker.process(message)
    assert opened == [request.id for request in world.all(CommentScoreRequest)]
    jobs.work_off()
    settled(world, comment)


@pytest.mark.parametrize("worked_off", [False, True])
def test_killed_between_two_answers(
    jobs: Jobs,
    world: World,
    service: FakeScorer,
    comment: int,
    monkeypatch: pytest.MonkeyPatch,
    worked_off: bool,
) -> None:
    """A worker that dies with one of two answers queued: the redelivery gets the other; none counts twice."""
    message = jobs.message("sendCommentForScoring", commentId=comment)
    queue = jobs.broker.enqueue

    def queue_one_and_die(message: Any, *, delay: int | None = None) -> Any:
        if jobs.broker.sent:
            raise SystemExit
        return queue(message, delay=delay)

    with monkeypatch.context() as killed:
        killed.setattr(jobs.broker, "enqueue", queue_one_and_die)
        with pytest.raises(SystemExit):
            jobs.broker.process(message)
    assert 1 == len(jobs.waiting())
    if worked_off:
        jobs.work_off()
    jobs.broker.process(message)
    ids = [message.message_id for message in jobs.broker.sent]
    assert 2 == len(set(ids)) if not worked_off else 1 == len(ids), "an answer keeps its id"
    jobs.work_off()
    settled(world, comment)
    expected = {"sendCommentForScoring": 1, "processMachineScore": 2}
    entries = [entry.actor for entry in world.all(InboxEntry)]
    assert expected == {actor: entries.count(actor) for actor in entries}


def test_a_failing_scorer(jobs: Jobs, world: World, service: FakeScorer, comment: int) -> None:
    """A scorer that fails leaves the comment waiting for a human; asked again, it completes the comment."""
    service.begin({"1": {"default": BUSY}, "2": {"default": ANSWER}})
    message = jobs.message("sendCommentForScoring", commentId=comment)
    for _ in range(2):
        with pytest.raises(ScorerError) as failed:
            jobs.broker.process(message)
        assert f"scorer 1 (http://{service.host}/s/1/analyze) answered 503: {{}}" == str(failed.value)
        assert jobs.broker.get_actor("sendCommentForScoring").options["retry_when"](0, failed.value)
        jobs.work_off()
        row = world.get(Comment, comment)
        assert (False, None, 0) == (row.is_scored, row.is_accepted, world.size(Decision))
    service.begin({"1": {"default": ANSWER}})
    jobs.broker.process(message)
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
    with pytest.raises(ScorerError) as failed:
        jobs.deliver("sendCommentForScoring", commentId=comment)
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


def test_a_scorer_badly_configured_meanwhile(
    jobs: Jobs, world: World, service: FakeScorer, comment: int, caplog: pytest.LogCaptureFixture
) -> None:
    """A redelivery that finds a scorer's settings spoilt still asks the others, then says so."""
    service.begin({"1": {"default": BUSY}, "2": {"default": BUSY}})
    message = jobs.message("sendCommentForScoring", commentId=comment)
    with pytest.raises(ScorerError):
        jobs.broker.process(message)
    with world.engine.begin() as connection:
        connection.execute(User.__table__.update().where(User.id == 1).values(extra=UNCONFIGURED))  # type: ignore[attr-defined]
    service.begin({"2": {"default": ANSWER}})
    with pytest.raises(BadScorerConfig, match=r"^scorer 1: "):
        jobs.broker.process(message)
    assert [2] == [arguments["user_id"] for _, arguments in jobs.waiting()]


def test_no_scorers(jobs: Jobs, world: World) -> None:
    """Without a scorer nothing happens, and the heartbeat finds the comment once there is one (quirk 14)."""
    comment = world.comment(world.article(), created_at=now() - timedelta(minutes=6))
    jobs.deliver("sendCommentForScoring", commentId=comment)
    jobs.deliver("heartbeat")
    assert [] == jobs.waiting()
    world.scorer()
    jobs.deliver("heartbeat")
    assert [("sendCommentForScoring", {"comment_id": comment})] == jobs.waiting()


def test_heartbeat(jobs: Jobs, world: World, service: FakeScorer, comment: int) -> None:
    """A comment whose answers were lost is asked about again and completes once."""
    jobs.deliver("sendCommentForScoring", commentId=comment)
    jobs.take()
    jobs.deliver("heartbeat")
    assert [] == jobs.waiting(), "its answers may be on their way"
    with world.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE comments SET sentForScoring = '2020-01-01 00:00:00'")
    jobs.deliver("heartbeat")
    jobs.work_off()
    settled(world, comment)


def test_the_last_log_says_what_failed(
    jobs: Jobs, service: FakeScorer, comment: int, caplog: pytest.LogCaptureFixture
) -> None:
    """The log names comment, scorer and reason, where OSMod's names a job's number only (quirk 15).

    Of each job only for debugging: a worker's line of a job that fails has all that, too. That the scorer is away
    is said once.
    """
    service.begin({"1": {"default": BUSY}, "2": {"default": ANSWER}})
    asking._outage_of.cache_clear()  # It may have been away in other tests.
    with caplog.at_level(logging.DEBUG, "osmod"), pytest.raises(ScorerError) as caught:
        jobs.deliver("sendCommentForScoring", commentId=comment)
    reason = f"scorer 1 (http://{service.host}/s/1/analyze) answered 503: {{}}"
    said = {
        "osmod.task.asking": f"comment {comment}, scorer 1: {reason}",
        "osmod.outages": f"Scorer 1 away: {reason}: see whether it is up, and its key and quota in order; "
        "trying until it works.",
    }
    assert said == {record.name: record.getMessage() for record in caplog.records if record.name in said}
    assert reason == str(caught.value)
