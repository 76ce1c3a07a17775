"""Asking the scorers: nothing lost and nothing doubled, whatever dies and whatever is delivered again."""

from __future__ import annotations

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
    now,
)
from tests.actors.jobs import Jobs
from tests.actors.scorers import HARMLESS, ask, settled
from tests.actors.scorers import comment as comment
from tests.actors.scorers import service as service
from tests.found import only
from tests.golden.fake_scorer import FakeScorer
from tests.moderation.world import World


def test_a_comment_s_way(jobs: Jobs, world: World, comment: int) -> None:
    """Asked, answered, scored, decided: each question is a job of its own, and each answer."""
    jobs.deliver("sendCommentForScoring", commentId=comment)
    assert [
        ("askScorer", {"request_id": number, "comment_id": comment}) for number in (1, 2)
    ] == jobs.waiting()
    ask(jobs)
    assert [("processMachineScore", 1), ("processMachineScore", 2)] == [
        (name, arguments["user_id"]) for name, arguments in jobs.waiting()
    ]
    assert not world.get(Comment, comment).is_scored
    jobs.work_off()
    settled(world, comment)


def test_a_comment_whose_id_is_a_text(jobs: Jobs, comment: int) -> None:
    """As OSMod's `editComment` queues it, which has the id from its address."""
    jobs.deliver("sendCommentForScoring", commentId=str(comment))
    assert [
        ("askScorer", {"request_id": number, "comment_id": comment}) for number in (1, 2)
    ] == jobs.waiting()


def test_answers_in_any_order_and_often(jobs: Jobs, world: World, comment: int) -> None:
    """Answers delivered backwards, and all of them twice, are taken in once."""
    jobs.deliver("sendCommentForScoring", commentId=comment)
    ask(jobs)
    answers = jobs.take()
    for message in [*reversed(answers), *answers]:
        jobs.broker.process(message)
    settled(world, comment)


def test_two_answers_from_two_threads(jobs: Jobs, world: World, comment: int) -> None:
    """Both answers at the same moment complete the comment once."""
    jobs.deliver("sendCommentForScoring", commentId=comment)
    ask(jobs)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(jobs.broker.process, jobs.take() * 2))
    settled(world, comment)


def test_killed_after_the_requests_were_opened(
    jobs: Jobs, world: World, service: FakeScorer, comment: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that dies before it had anybody asked: the redelivery does, on the same requests."""
    message = jobs.message("sendCommentForScoring", commentId=comment)
    with monkeypatch.context() as killed:
        killed.setattr(jobs.broker, "enqueue", die)
        with pytest.raises(SystemExit):
            jobs.broker.process(message)
    opened = [request.id for request in world.all(CommentScoreRequest)]
    assert (2, [], []) == (len(opened), service.requests, jobs.waiting())
    jobs.broker.process(message)
    assert opened == [request.id for request in world.all(CommentScoreRequest)]
    jobs.work_off()
    settled(world, comment)


def die(*_: object, **__: object) -> None:
    """Be killed."""
    raise SystemExit


@pytest.mark.parametrize("worked_off", [False, True])
def test_killed_between_two_questions(
    jobs: Jobs, world: World, comment: int, monkeypatch: pytest.MonkeyPatch, worked_off: bool
) -> None:
    """A worker that dies with one of two questions queued: the redelivery queues what nobody has answered."""
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
    assert 2 == len(set(ids)) if not worked_off else 1 == len(ids), "a question keeps its id"
    jobs.work_off()
    settled(world, comment)
    expected = {"sendCommentForScoring": 1, "processMachineScore": 2}
    entries = [entry.actor for entry in world.all(InboxEntry)]
    assert expected == {actor: entries.count(actor) for actor in entries}


def test_a_question_asked_twice(jobs: Jobs, world: World, service: FakeScorer, comment: int) -> None:
    """Its answer keeps its id, so that it is one job; once that is stored, nobody is asked again."""
    jobs.deliver("sendCommentForScoring", commentId=comment)
    questions = jobs.take()
    for message in [*questions, *questions]:
        jobs.broker.process(message)
    assert 2 == len({message.message_id for message in jobs.broker.sent})
    jobs.work_off()
    asked = len(service.requests)
    for message in questions:
        jobs.broker.process(message)
    assert ([], asked) == (jobs.waiting(), len(service.requests))
    settled(world, comment)


def test_an_answer_on_its_way(
    jobs: Jobs, service: FakeScorer, comment: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A question that is tried anew is not asked where the queue has its answer; one that is new does not look."""
    jobs.deliver("sendCommentForScoring", commentId=comment)
    first, second = jobs.take()
    looked: list[str] = []

    def queued(ids: Any) -> set[str]:
        looked.extend(ids := list(ids))
        return {answer} & set(ids)

    monkeypatch.setattr("osmod.task.requests.still_queued", queued)
    jobs.broker.process(first)
    answer = jobs.take()[0].message_id
    assert [] == looked
    jobs.broker.process(first.copy(options={"retries": 1}))
    assert ([answer], []) == (looked, jobs.waiting())
    jobs.broker.process(second.copy(options={"retries": 1}))
    assert 1 == len(jobs.waiting()), "the other one's answer is not"
    assert 2 == len(service.requests)


def test_questions_are_as_urgent_as_their_comment(jobs: Jobs, comment: int) -> None:
    """What the heartbeat sends again comes after all else, all the way; an answer is before other such questions."""
    message = jobs.message("sendCommentForScoring", commentId=comment).copy(options={"priority": 10})
    for priority in (10, 9):
        jobs.broker.process(message)
        (message, *_) = jobs.take()
        assert priority == message.options["priority"]


def test_a_replaced_request(jobs: Jobs, world: World, service: FakeScorer, comment: int) -> None:
    """The comment was sent again: the old question is not asked, and an old answer is not stored."""
    jobs.deliver("sendCommentForScoring", commentId=comment)
    old = jobs.take()
    jobs.broker.process(old[0])
    late = only(jobs.take())
    service.begin({"1": {"default": HARMLESS}, "2": {"default": HARMLESS}})
    jobs.deliver("sendCommentForScoring", commentId=comment)
    jobs.broker.process(late)
    jobs.broker.process(old[1])
    assert ([], [], 0) == (service.requests, world.all(CommentScore), world.size(Decision))
    jobs.work_off()
    row = world.get(Comment, comment)
    assert (True, None) == (row.is_scored, row.is_accepted), "the answers to the new ones decide"
    jobs.broker.process(late)
    assert row.max_summary_score == world.get(Comment, comment).max_summary_score


def test_no_scorers(jobs: Jobs, world: World) -> None:
    """Without a scorer nothing happens, and the heartbeat finds the comment once there is one (quirk 14)."""
    comment = world.comment(world.article(), created_at=now() - timedelta(minutes=6))
    jobs.deliver("sendCommentForScoring", commentId=comment)
    jobs.deliver("heartbeat")
    assert [] == jobs.waiting()
    world.scorer({"endpointType": "assistant", "endpoint": "http://scorer.example"})
    jobs.deliver("heartbeat")
    assert [("sendCommentForScoring", {"comment_id": comment, "missing": True})] == jobs.waiting()


def test_the_heartbeat_asks_no_scorer_again_that_has_answered(
    jobs: Jobs, world: World, service: FakeScorer, comment: int
) -> None:
    """Only the one whose answer was lost, which completes the comment."""
    jobs.deliver("sendCommentForScoring", commentId=comment)
    first, second = jobs.take()
    jobs.broker.process(first)
    jobs.work_off()
    with world.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE comments SET sentForScoring = '2020-01-01 00:00:00'")
    jobs.deliver("heartbeat")
    again = only(jobs.take())
    jobs.broker.process(again)
    asks = only(jobs.take())
    assert asks.kwargs["request_id"] not in (first.kwargs["request_id"], second.kwargs["request_id"])
    jobs.broker.process(asks)
    jobs.work_off()
    settled(world, comment)


def test_heartbeat(jobs: Jobs, world: World, service: FakeScorer, comment: int) -> None:
    """A comment whose answers were lost is asked about again and completes once."""
    jobs.deliver("sendCommentForScoring", commentId=comment)
    ask(jobs)
    jobs.take()
    jobs.deliver("heartbeat")
    assert [] == jobs.waiting(), "its answers may be on their way"
    with world.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE comments SET sentForScoring = '2020-01-01 00:00:00'")
    jobs.deliver("heartbeat")
    jobs.work_off()
    settled(world, comment)
