"""Answers and acts that wait together take effect in one transaction; each stays a job of its own."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import dramatiq
import pytest
from dramatiq import Worker
from sqlalchemy import Engine, event

from osmod.jobs.broker import JobBroker
from osmod.jobs.records import get_job
from osmod.jobs.records.filters import JobFilter
from osmod.jobs.records.find import find
from osmod.jobs.states import JobState
from osmod.moderation.models import Comment, CommentScoreRequest, Decision, InboxEntry
from osmod.moderation.work import Delivery
from osmod.scorers import ENDPOINT_TYPES
from osmod.settings import get_settings
from osmod.task import get_engine
from tests.actors.scorers import TOLD, ToldScorer, scored
from tests.moderation.conftest import world as world
from tests.moderation.world import World
from tests.placing import put_in_place
from tests.waiting import until

DATA = {"scores": {"TOXICITY": [{"score": 0.9, "begin": 0, "end": 4}]}, "summaryScores": {"TOXICITY": 0.9}}


@pytest.fixture
def queue(engine: Engine, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[JobBroker]:
    """The real actors on a real queue."""
    monkeypatch.setenv("DATABASE_URL", engine.url.render_as_string(hide_password=False))
    get_settings.cache_clear()
    broker = JobBroker(url=redis_url)
    put_in_place(broker, monkeypatch)
    yield broker
    broker.close()
    get_engine().dispose()


def _run(broker: JobBroker, *answers: dramatiq.Message[Any]) -> list[JobState]:
    """Have one thread run answers that wait together. Returns what became of them."""
    gate = threading.Event()

    @dramatiq.actor(actor_name="gate", broker=broker, priority=-10)
    def keep_waiting() -> None:
        gate.wait(120)

    keep_waiting.send()
    broker.send_many(answers)
    worker = Worker(broker, worker_threads=1, worker_timeout=20)
    worker.start()
    work_queue: Any = worker.work_queue
    until(lambda: work_queue.qsize() == len(answers))
    gate.set()
    broker.join("default")
    worker.stop()
    records = [get_job(broker, answer.message_id) for answer in answers]
    return [record.state for record in records if record is not None]


def _answer(
    broker: JobBroker, comment: int, message_id: str | None = None, user_id: int = 2
) -> dramatiq.Message[Any]:
    told = {"comment_id": comment, "user_id": user_id, "score_data": DATA}
    message = broker.get_actor("processMachineScore").message(**told)
    return message.copy(message_id=message_id) if message_id else message


def _commits(engine: Engine) -> list[int]:
    commits: list[int] = []
    event.listen(engine, "commit", lambda connection: commits.append(1))
    return commits


@pytest.fixture
def comments(world: World) -> list[int]:
    """Comments whose scorer was asked, on two articles."""
    world.user()
    world.scorer()
    world.rule(world.tag("TOXICITY"), 0.8, 1, "Reject")
    articles = [world.article(world.category()) for _ in range(2)]
    made = [world.comment(articles[number % 2]) for number in range(6)]
    for comment in made:
        world.asked(comment, 2)
    return made


def test_answers_that_wait_together_are_one_transaction(
    queue: JobBroker, world: World, comments: list[int]
) -> None:
    """Each comment is decided, each job has its inbox row, the counts are exact."""
    commits = _commits(get_engine())

    states = _run(queue, *(_answer(queue, comment) for comment in comments))

    assert states == [JobState.DONE] * len(comments)
    assert len(commits) == 1
    assert [True] * len(comments) == [comment.is_auto_resolved for comment in world.all(Comment)]
    assert len(comments) == world.size(InboxEntry)
    assert [] == world.miscounted()


def test_one_answer_that_cannot_be_stored(queue: JobBroker, world: World, comments: list[int]) -> None:
    """Nobody asked for it: its job alone fails, and the others have taken effect once each."""
    unknown = max(comments) + 1
    answers = [_answer(queue, comment) for comment in (comments[0], unknown, comments[1])]

    assert _run(queue, *answers) == [JobState.DONE, JobState.FAILED, JobState.DONE]

    assert {answers[0].message_id, answers[2].message_id} == {row.message_id for row in world.all(InboxEntry)}
    assert [] == world.miscounted()


def test_one_answer_that_was_stored_before(queue: JobBroker, world: World, comments: list[int]) -> None:
    """A redelivery among others takes no effect a second time, and is no failure."""
    again = _answer(queue, comments[0], "told-twice")
    task: Any = queue.get_actor("processMachineScore").fn
    # Its first delivery, by a worker that died before it could say so.
    world.do(
        lambda work: task.effect(work, [task.payload.read((), again.kwargs)]),
        Delivery("told-twice", "processMachineScore"),
    )

    states = _run(queue, again, *(_answer(queue, comment) for comment in comments[1:3]))

    assert states == [JobState.DONE] * 3
    assert 3 == world.size(InboxEntry)
    assert [] == world.miscounted()


def test_both_scorers_answers_that_wait_together(queue: JobBroker, world: World, comments: list[int]) -> None:
    """The second one finds what the first has left, in the same transaction: each comment is decided once."""
    other = world.scorer()
    for comment in comments:
        world.asked(comment, other)
    answers = [_answer(queue, comment, user_id=scorer) for comment in comments for scorer in (2, other)]

    assert [JobState.DONE] * 2 * len(comments) == _run(queue, *answers)

    assert comments == [decision.comment_id for decision in world.all(Decision)]
    assert [True] * len(comments) == [comment.is_scored for comment in world.all(Comment)]
    assert [] == world.miscounted()


def test_acts_that_wait_together_are_one_transaction(
    queue: JobBroker, world: World, comments: list[int]
) -> None:
    """Of moderators, too; a comment that two of them accept has two decisions, of which one is current."""
    accept = queue.get_actor("acceptComments")
    commits = _commits(get_engine())

    states = _run(queue, *(accept.message(comment_id=one, user_id=1) for one in [*comments, comments[0]]))

    assert [JobState.DONE] * (len(comments) + 1) == states
    assert 1 == len(commits)
    decided = [(decision.comment_id, decision.is_current_decision) for decision in world.all(Decision)]
    assert [(comments[0], False), *((comment, True) for comment in comments)] == sorted(decided)
    assert [] == world.miscounted()


def test_one_act_that_cannot_be_done(queue: JobBroker, world: World, comments: list[int]) -> None:
    """Its job alone fails; its neighbours' comments are accepted once each."""
    accept = queue.get_actor("acceptComments")
    acts = [
        accept.message(comment_id=one, user_id=1) for one in (comments[0], max(comments) + 1, comments[1])
    ]

    assert [JobState.DONE, JobState.FAILED, JobState.DONE] == _run(queue, *acts)

    assert comments[:2] == [decision.comment_id for decision in world.all(Decision)]
    assert [] == world.miscounted()


@pytest.fixture
def scorer(world: World, monkeypatch: pytest.MonkeyPatch) -> int:
    """A scorer that answers at once."""
    monkeypatch.setitem(ENDPOINT_TYPES, "told", TOLD)
    monkeypatch.setattr(ToldScorer, "does", lambda question: scored(0.9))
    return world.scorer({"endpointType": "told"})


def test_comments_that_are_sent_together(queue: JobBroker, world: World, scorer: int) -> None:
    """By one statement; each is asked about once: as urgently as it was sent, by a job that names its own sender."""
    comments = [world.comment(world.article()) for _ in range(3)]
    send = queue.get_actor("sendCommentForScoring")
    sent = [send.message_with_options(kwargs={"comment_id": one}, priority=-one) for one in comments]
    opened: list[str] = []

    @event.listens_for(get_engine(), "before_cursor_execute")
    def note(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        opened.extend(["requests"] if statement.startswith("INSERT INTO comment_score_requests") else [])

    assert [JobState.DONE] * 3 == _run(queue, *sent)

    assert ["requests"] == opened
    asked = find(queue, JobFilter(actor="askScorer")).jobs
    senders = {(one.kwargs["comment_id"], -one.kwargs["comment_id"], one.message_id) for one in sent}
    assert senders == {(job.arguments["comment_id"], job.priority, job.parent) for job in asked}
    assert 3 == len(asked)
    requests = [(row.comment_id, row.user_id) for row in world.all(CommentScoreRequest) if row.done_at]
    assert [(comment, scorer) for comment in comments] == sorted(requests)


def test_a_comment_that_is_sent_twice_together(queue: JobBroker, world: World, scorer: int) -> None:
    """It is asked about once."""
    comment = world.comment(world.article())
    send = queue.get_actor("sendCommentForScoring")
    assert [JobState.DONE] * 2 == _run(queue, *(send.message(comment_id=comment) for _ in range(2)))
    assert [True] == [row.done_at is not None for row in world.all(CommentScoreRequest)]


def test_a_scorer_that_cannot_be_asked_fails_each_job(queue: JobBroker, world: World, scorer: int) -> None:
    """As it fails each by itself; the others are asked, once about each comment."""
    world.scorer({"endpointType": "perspective-api"})
    comments = [world.comment(world.article()) for _ in range(2)]
    send = queue.get_actor("sendCommentForScoring")
    assert [JobState.FAILED] * 2 == _run(queue, *(send.message(comment_id=comment) for comment in comments))
    asked = [(row.comment_id, row.user_id, row.done_at is not None) for row in world.all(CommentScoreRequest)]
    assert [(comment, scorer, True) for comment in comments] == sorted(asked)
