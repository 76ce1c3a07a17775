"""Asking scorers in their turn, by way of a real queue: limits, pauses, refused keys, and who is left alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, update

from osmod.jobs.broker import JobBroker
from osmod.jobs.gate import Breaker
from osmod.jobs.records import get_job
from osmod.jobs.records.filters import JobFilter
from osmod.jobs.records.find import find
from osmod.jobs.records.record import JobRecord
from osmod.jobs.states import JobState
from osmod.jobs.testing import drain
from osmod.moderation.database import open_session
from osmod.moderation.models import Base, Comment, CommentScoreRequest, Unscored, User, now
from osmod.scorers import (
    ENDPOINT_TYPES,
    KeyRefused,
    Limits,
    Question,
    Scored,
    ScorerAway,
    ScorerError,
    Throttled,
    Unscorable,
)
from osmod.settings import get_settings
from osmod.task import get_engine, turns
from osmod.task.turns import gate_of
from tests.actors.scorers import TOLD, ToldScorer, scored
from tests.found import only
from tests.moderation.conftest import world as world
from tests.moderation.world import World
from tests.placing import put_in_place

pytestmark = [pytest.mark.only_on("sqlite"), pytest.mark.only_on("valkey")]
LONG_AGO = now() - timedelta(hours=2)
NOBODY = r"{}; it has given no scores since \d{{4}}-\d\d-\d\d \d\d:\d\d UTC"


@pytest.fixture
def queue(engine: Engine, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[JobBroker]:
    """The real actors on a real queue."""
    monkeypatch.setenv("DATABASE_URL", engine.url.render_as_string(hide_password=False))
    monkeypatch.setitem(ENDPOINT_TYPES, "told", TOLD)
    get_settings.cache_clear()
    broker = JobBroker(url=redis_url)
    put_in_place(broker, monkeypatch)
    yield broker
    gate_of.cache_clear()
    broker.close()
    get_engine().dispose()


def everywhere(world: World, model: type[Base], **values: Any) -> None:
    """Set columns in all rows of a table."""
    with open_session(world.engine) as session:
        session.execute(update(model).values(**values))
        session.commit()


def send(queue: JobBroker, wire_name: str, **arguments: Any) -> None:
    """Queue a job."""
    queue.get_actor(wire_name).send(**arguments)


def jobs(queue: JobBroker, actor: str) -> list[JobRecord]:
    """The jobs of one actor that are not done."""
    found = find(queue, JobFilter(actor=actor), limit=5_000).jobs
    return [job for job in found if job.state is not JobState.DONE]


@pytest.mark.parametrize("failing", [1, 2], ids=["whose turn it was", "one along"])
def test_along(queue: JobBroker, world: World, monkeypatch: pytest.MonkeyPatch, failing: int) -> None:
    """Whose turn it is takes along others that wait; their own jobs find themselves answered. A failure is nobody's."""
    asked: list[int] = []

    def answer(question: Question) -> Scored | None:
        asked.append(question.request_id)
        if len(asked) == 1 + failing:
            raise ScorerAway("scorer 1 answered 503")
        return scored(0.5)

    monkeypatch.setattr(ToldScorer, "does", answer)
    world.scorer({"endpointType": "told", "limits": {"perMinute": 1}, "batch": 3})
    comments = [world.comment(None) for _ in range(5)]
    for comment in comments:
        send(queue, "sendCommentForScoring", comment_id=comment)
    drain(queue)
    assert 1 == len(asked)
    queue.client.delete(b"dramatiq:{gate:scorer:1}:ends")
    drain(queue, delayed=True)
    waiting = {asked[failing]} | set(range(1, 6)) - set(asked)
    assert {request.id for request in world.all(CommentScoreRequest) if request.done_at is None} == waiting
    assert waiting == {job.arguments["request_id"] for job in jobs(queue, "askScorer")}
    assert 4 == len(asked) == len(set(asked)), "one, and three together"


def test_a_pause_for_all(queue: JobBroker, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """After 429 nobody asks before the time that the scorer named; who waits has spent no attempt."""
    asked: list[int] = []

    def throttle(question: Question) -> Scored | None:
        asked.append(question.request_id)
        raise Throttled("scorer 1 answered 429", retry_after=600)

    monkeypatch.setattr(ToldScorer, "does", throttle)
    world.scorer({"endpointType": "told"})
    for _ in range(3):
        send(queue, "sendCommentForScoring", comment_id=world.comment(None))
    drain(queue)
    assert 1 == len(asked)
    waiting = jobs(queue, "askScorer")
    assert [("delayed", 0)] * 3 == [(job.state.value, job.attempts_made) for job in waiting]
    of_comment = only(find(queue, JobFilter(arguments={"comment_id": 2}, states=(JobState.DELAYED,))).jobs)
    assert ("askScorer", 2) == (of_comment.actor, of_comment.arguments["comment_id"])
    assert all(job.due and job.due > now() + timedelta(minutes=9) for job in waiting)


@pytest.mark.parametrize(("asked_for", "seconds"), [(86_400, 3_598), (0, 0.9)])
def test_a_pause_of_any_length(
    queue: JobBroker, world: World, monkeypatch: pytest.MonkeyPatch, asked_for: float, seconds: float
) -> None:
    """A day: a person is told at the deadline all the same. None: the scorer is not asked again in the same moment."""

    def throttle(question: Question) -> Scored | None:
        raise Throttled("scorer 1 answered 429", retry_after=asked_for)

    monkeypatch.setattr(ToldScorer, "does", throttle)
    world.scorer({"endpointType": "told"})
    before = now()
    for _ in range(2):
        send(queue, "sendCommentForScoring", comment_id=world.comment(None))
    drain(queue)
    for job in jobs(queue, "askScorer"):
        assert job.due
        assert before + timedelta(seconds=seconds) <= job.due <= now() + timedelta(seconds=seconds + 3)


def test_a_refused_key(
    queue: JobBroker, world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The scorer is left alone, and somebody told; with another key it is asked at once."""
    asked: list[int] = []

    def refuse(question: Question) -> Scored | None:
        asked.append(question.request_id)
        raise KeyRefused("scorer 1 answered 401")

    monkeypatch.setattr(ToldScorer, "does", refuse)
    scorer = world.scorer({"endpointType": "told"})
    comments = [world.comment(None) for _ in range(2)]
    for comment in comments:
        send(queue, "sendCommentForScoring", comment_id=comment)
    drain(queue)
    drain(queue, delayed=False)
    assert (1, 0) == (len(asked), sum(job.attempts_made for job in jobs(queue, "askScorer")))
    config = '{"endpointType": "told"}'
    assert Breaker.REFUSED is gate_of(queue, scorer, config, Limits()).state().breaker
    assert [
        "Scorer 1 away: scorer 1 answered 401: give it one that is good by `osmod scorers configure 1 --key`; "
        "trying until it works."
    ] == [record.getMessage() for record in caplog.records if record.name == "osmod.outages"]
    monkeypatch.setattr(ToldScorer, "does", lambda question: scored(0.5))
    everywhere(world, User, extra={"endpointType": "told", "apiKey": "another"})
    send(queue, "sendCommentForScoring", comment_id=comments[1])
    drain(queue)
    assert world.get(Comment, comments[1]).is_scored


def test_away_past_the_deadline(queue: JobBroker, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the breaker open nobody asks; a comment that has waited too long goes to a person, and its job ends."""
    asked: list[int] = []

    def fail(question: Question) -> Scored | None:
        asked.append(question.request_id)
        raise ScorerAway("scorer 1 answered 503", body="try later")

    monkeypatch.setattr(ToldScorer, "does", fail)
    world.scorer({"endpointType": "told"})
    for _ in range(6):
        send(queue, "sendCommentForScoring", comment_id=world.comment(world.article()))
    drain(queue)
    assert 5 == len(asked)
    tried = [job for job in jobs(queue, "askScorer") if job.attempts_made]
    assert 5 == len(tried)
    assert all(job.error and "It answered: try later" in (job.error.traceback or "") for job in tried)
    everywhere(world, CommentScoreRequest, sent_at=LONG_AGO)
    late = world.all(CommentScoreRequest)[-1]
    send(queue, "askScorer", request_id=late.id)
    drain(queue)
    assert [] == world.all(Unscored), "it may be back in a moment"
    monkeypatch.setattr(turns, "GRACE", 0)
    send(queue, "askScorer", request_id=late.id)
    drain(queue)
    assert 5 == len(asked), "the breaker is open"
    assert world.get(Comment, late.comment_id).is_deferred
    row = only(world.all(Unscored))
    assert re.fullmatch(NOBODY.format("scorer 1 answered 503"), row.reason)
    assert [] == world.miscounted()


@pytest.mark.parametrize(
    "failure", [Throttled("scorer 1 answered 429", retry_after=600), KeyRefused("no key")]
)
def test_why_it_was_given_up(
    queue: JobBroker, world: World, monkeypatch: pytest.MonkeyPatch, failure: ScorerError
) -> None:
    """What the scorer said last, and since when it has given no scores: of a job that did not ask it itself, too."""

    def fail(question: Question) -> Scored | None:
        raise failure

    monkeypatch.setattr(ToldScorer, "does", fail)
    monkeypatch.setattr(turns, "GRACE", 0)
    world.scorer({"endpointType": "told"})
    for _ in range(6):
        send(queue, "sendCommentForScoring", comment_id=world.comment(world.article()))
    drain(queue)
    everywhere(world, CommentScoreRequest, sent_at=LONG_AGO)
    for request in world.all(CommentScoreRequest):
        send(queue, "askScorer", request_id=request.id)
    drain(queue)
    assert 6 == world.size(Unscored)
    for row in world.all(Unscored):
        assert re.fullmatch(NOBODY.format(failure), row.reason)


def test_a_text_that_cannot_be_scored(
    queue: JobBroker, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is no failed job: what the scorer said of it stands in the record of one that is done."""

    def refuse(question: Question) -> Scored | None:
        raise Unscorable("scorer 1 answered 400: language not supported", body='{"code": 400}')

    monkeypatch.setattr(ToldScorer, "does", refuse)
    world.scorer({"endpointType": "told"})
    send(queue, "sendCommentForScoring", comment_id=world.comment(None))
    drain(queue)
    job = only(find(queue, JobFilter(actor="askScorer")).jobs)
    assert JobState.DONE is job.state
    assert (kept := get_job(queue, job.id))
    assert ["scorer 1 answered 400: language not supported", 'It answered: {"code": 400}'] == [
        line.text for line in kept.log
    ]


def test_many_are_no_outage(queue: JobBroker, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A comment that only waits for its turn is not given up, however long that takes, nor sent again."""
    monkeypatch.setattr(ToldScorer, "does", lambda question: None)
    world.scorer({"endpointType": "told", "limits": {"perMinute": 1}})
    comments = [world.comment(None) for _ in range(2)]
    for comment in comments:
        send(queue, "sendCommentForScoring", comment_id=comment)
    drain(queue)
    everywhere(world, Comment, sent_for_scoring=LONG_AGO)
    send(queue, "heartbeat")
    drain(queue)
    assert 2 == world.size(CommentScoreRequest)
    assert [1, 2] == [request.id for request in world.all(CommentScoreRequest)], "none was replaced"
    everywhere(world, CommentScoreRequest, sent_at=LONG_AGO)
    send(queue, "askScorer", request_id=2)
    drain(queue)
    assert [] == world.all(Unscored)


def test_a_lost_queue(queue: JobBroker, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Comments whose questions Redis has lost are sent again by the heartbeat, each once however often it comes."""
    world.scorer({"endpointType": "told", "limits": {"perMinute": 1}})
    comments = [world.comment(None) for _ in range(3)]
    for comment in comments:
        send(queue, "sendCommentForScoring", comment_id=comment)
    drain(queue)
    queue.flush("default")
    everywhere(world, Comment, sent_for_scoring=LONG_AGO)
    beat = queue.get_actor("heartbeat")
    beat.fn()
    beat.fn()
    assert comments == sorted(job.arguments["comment_id"] for job in jobs(queue, "sendCommentForScoring"))
    drain(queue)
    assert [4, 5, 6] == [request.id for request in world.all(CommentScoreRequest)]
