"""What becomes of a call: all of it or nothing, and never without an answer."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from dramatiq import Message
from fastapi.testclient import TestClient
from sqlalchemy import event, text

from osmod.jobs.broker import JobBroker
from osmod.jobs.errors import JobNotQueued
from osmod.jobs.queue.sending import SEND_BATCH
from osmod.moderation.database import open_session
from osmod.moderation.lookups import lock_comment
from osmod.moderation.models import Comment, CommentScoreRequest, Decision, OutboxEntry, Unscored, now
from osmod.settings import get_settings
from osmod.task import asking, get_engine
from tests.moderation.world import World
from tests.waiting import until
from tests.web.conftest import USERS, MakeToken

ACTIONS = "/api/services/commentActions"


def shown(token: str) -> dict[str, str]:
    """The header that shows a token."""
    return {"Authorization": f"JWT {token}"}


def named(*comments: int) -> dict[str, object]:
    """The body that names comments."""
    return {"data": [{"commentId": str(comment)} for comment in comments]}


def test_a_batch_is_one_transaction(client: TestClient, token: MakeToken, world: World) -> None:
    """One comment that does not exist, and nothing is decided on the others; OSMod leaves half a batch."""
    article = world.article()
    first, last = world.comment(article), world.comment(article)
    before = world.dump()
    answer = client.post(f"{ACTIONS}/approve", json=named(first, 999, last), headers=shown(token("general")))
    assert (404, {"status": "error", "errors": "Comment not found, id: 999."}) == (
        answer.status_code,
        answer.json(),
    )
    assert before == world.dump()
    answer = client.post(f"{ACTIONS}/approve", json=named(first, last), headers=shown(token("general")))
    assert (200, {"status": "success"}) == (answer.status_code, answer.json())
    assert [first, last] == [decision.comment_id for decision in world.all(Decision)]


def test_without_redis_nothing_is_queued(without_redis: TestClient, token: MakeToken) -> None:
    """503 and when to ask again, within the patience of `send`."""
    answer = without_redis.post(f"{ACTIONS}/approve", json=named(1), headers=shown(token("general")))
    assert (503, "error") == (answer.status_code, answer.json()["status"])
    assert 0 < int(answer.headers["retry-after"])


@pytest.mark.parametrize("taken", [SEND_BATCH, SEND_BATCH + 1])
def test_a_large_batch_is_owed_before_it_is_queued(
    without_redis: TestClient,
    token: MakeToken,
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    taken: int,
) -> None:
    """Redis may go away when it has taken half: the other half follows, and what it has is no second job."""
    sent: list[str] = []

    def send_many(_broker: JobBroker, messages: list[Message[None]]) -> None:
        sent.extend(message.message_id for message in messages[:taken])
        if taken < len(messages):
            raise JobNotQueued("away")

    monkeypatch.setattr(JobBroker, "send_many", send_many)
    body = named(*range(1, SEND_BATCH + 2))
    answer = without_redis.post(f"{ACTIONS}/approve", json=body, headers=shown(token("general")))
    assert 200 == answer.status_code
    owed = {row.message_id: row.arguments for row in world.all(OutboxEntry)}
    if taken > SEND_BATCH:
        assert ({}, SEND_BATCH + 1) == (owed, len(set(sent)))
    else:
        assert set(sent) < owed.keys()
        assert body["data"] == [{"commentId": str(job["comment_id"])} for job in owed.values() if job]


def test_without_redis_what_is_run_at_once_is_done(
    without_redis: TestClient, token: MakeToken, world: World
) -> None:
    """It needs none."""
    comment = world.comment(world.article())
    body = {**named(comment), "runImmediately": True}
    assert (
        200 == without_redis.post(f"{ACTIONS}/reject", json=body, headers=shown(token("admin"))).status_code
    )
    assert world.get(Comment, comment).is_accepted is False


def test_an_edit_needs_no_redis(without_redis: TestClient, token: MakeToken, world: World) -> None:
    """The text is stored, and the job waits with it in the database; what is known of the author beside stays."""
    comment = world.comment(world.article(), author={"name": "A", "avatar": "x"})
    body = {"data": {"commentId": str(comment), "text": "Better 😀", "authorName": "B"}}
    answer = without_redis.patch("/api/services/editComment", json=body, headers=shown(token("general")))
    assert (200, {"status": "success"}) == (answer.status_code, answer.json())
    stored = world.get(Comment, comment)
    assert ("Better &#128512;", {"name": "B", "avatar": "x"}) == (stored.text, stored.author)
    assert [("sendCommentForScoring", {"comment_id": comment})] == [
        (owed.actor, owed.arguments) for owed in world.all(OutboxEntry)
    ]


def test_a_scorer_that_fails_is_no_failure_of_who_edits(
    client: TestClient, token: MakeToken, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """The edit stands; that the comment waits for its scores is in the log, without its text."""
    comment = world.comment(world.article())
    body = {"data": {"commentId": str(comment), "text": "PRIVATE"}}
    with caplog.at_level(logging.WARNING):
        assert (
            200
            == client.patch(
                "/api/services/editComment", json=body, headers=shown(token("general"))
            ).status_code
        )
    assert "a comment waits for its scores: scorer 3: users.extra is empty" in caplog.text
    assert "PRIVATE" not in caplog.text
    assert "PRIVATE" == world.get(Comment, comment).text


def test_a_database_that_takes_no_changes(client: TestClient, token: MakeToken, world: World) -> None:
    """As while another takes its place: it may be asked again, and nothing is said to be wrong here."""
    comment, engine = world.comment(world.article()), get_engine()
    to_read_only = (
        "PRAGMA query_only = ON" if engine.dialect.name == "sqlite" else "SET SESSION TRANSACTION READ ONLY"
    )

    def read_only(connection: Any, *_: Any) -> None:
        connection.cursor().execute(to_read_only)

    event.listen(engine, "checkout", read_only)
    try:
        answer = client.post(f"{ACTIONS}/approve", json=named(comment), headers=shown(token("general")))
    finally:
        event.remove(engine, "checkout", read_only)
    assert (503, "error") == (answer.status_code, answer.json()["status"])
    assert "takes no changes" in answer.json()["errors"]
    assert 0 < int(answer.headers["retry-after"])


@pytest.mark.only_on("mariadb")
def test_batches_wait_for_each_other(client: TestClient, token: MakeToken, world: World) -> None:
    """And for nobody who waits for them: whatever their order, comments are locked in the order of their ids."""
    article = world.article()
    first, last = world.comment(article), world.comment(article)
    body = {**named(last, first), "runImmediately": True}
    with ThreadPoolExecutor(1) as thread, open_session(world.engine) as session:
        lock_comment(session, first)
        answer = thread.submit(client.post, f"{ACTIONS}/approve", json=body, headers=shown(token("general")))
        try:
            waits = text("SHOW GLOBAL STATUS LIKE 'Innodb_row_lock_current_waits'")
            until(lambda: session.execute(waits).one()[1] == "1", 10, "the batch waits")
            session.execute(text("SELECT id FROM comments WHERE id = :id FOR UPDATE NOWAIT"), {"id": last})
        finally:
            session.rollback()
        assert 200 == answer.result().status_code


def test_scorers_answer_only_what_they_were_asked(client: TestClient, token: MakeToken, world: World) -> None:
    """Its own open request, once; another's state it does not learn."""
    other = world.user(group="moderator")
    comment = world.comment(world.article())
    own, foreign, done = (
        world.add(CommentScoreRequest(comment_id=comment, user_id=user, sent_at=now(), done_at=done))
        for user, done in ((USERS["moderator"], None), (other, None), (other, now()))
    )
    body: dict[str, object] = {"scores": {}, "summaryScores": {}}
    said = [
        client.post(
            f"/api/assistant/scores/{request}", json=body, headers=shown(token("moderator"))
        ).status_code
        for request in (own, own, foreign, done, 999, "x")
    ]
    assert [200, 409, 403, 403, 400, 400] == said


def test_a_scorer_that_answers_with_too_much(client: TestClient, token: MakeToken, world: World) -> None:
    """Hundreds of attributes would be as many tags: it is told, and may answer again."""
    comment = world.comment(world.article())
    request = world.add(CommentScoreRequest(comment_id=comment, user_id=USERS["moderator"], sent_at=now()))
    body = {
        "scores": {},
        "summaryScores": {f"{chr(65 + n // 26)}{chr(65 + n % 26)}": 0.5 for n in range(501)},
    }
    said = client.post(f"/api/assistant/scores/{request}", json=body, headers=shown(token("moderator")))
    assert (422, True) == (said.status_code, "at most 500 items" in said.text)
    assert world.get(CommentScoreRequest, request).done_at is None


def test_a_scorer_answers_with_an_error(client: TestClient, token: MakeToken, world: World) -> None:
    """It stands alone, and is a text: then a person looks at the comment, and the request may still be answered."""
    comment = world.comment(world.article())
    request = world.add(CommentScoreRequest(comment_id=comment, user_id=USERS["moderator"], sent_at=now()))
    bodies: list[dict[str, object]] = [
        {"error": ""},
        {"error": 5},
        {"error": "busy", "scores": {}},
        {"error": "busy"},
    ]
    said = [
        client.post(
            f"/api/assistant/scores/{request}", json=body, headers=shown(token("moderator"))
        ).status_code
        for body in bodies
    ]
    assert [422, 422, 422, 200] == said
    assert world.get(Comment, comment).is_deferred
    assert [f"scorer {USERS['moderator']} answers: busy"] == [row.reason for row in world.all(Unscored)]
    assert world.get(CommentScoreRequest, request).done_at is None


def test_a_scorer_that_answers_with_an_error_may_leave_a_comment_waiting(
    client: TestClient, token: MakeToken, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With `WORKER_DEFER_UNSCORED=false`, as wherever else a scorer is given up."""
    monkeypatch.setattr(asking, "get_settings", lambda: replace(get_settings(), defer_unscored=False))
    comment = world.comment(world.article())
    request = world.add(CommentScoreRequest(comment_id=comment, user_id=USERS["moderator"], sent_at=now()))
    said = client.post(
        f"/api/assistant/scores/{request}", json={"error": "busy"}, headers=shown(token("moderator"))
    )
    assert 200 == said.status_code
    assert not world.get(Comment, comment).is_deferred
    assert [] == world.all(Unscored)


def test_bodies_too_deep_are_refused(client: TestClient, token: MakeToken) -> None:
    """At any depth: those that can be read, but not be written again, too."""
    for depth in (101, 500, 900, 960, 990, 100_000):
        body = '{"data":' + "[" * depth + "]" * depth + "}"
        headers = {**shown(token("general")), "Content-Type": "application/json"}
        assert 400 == client.post(f"{ACTIONS}/approve", content=body, headers=headers).status_code


def test_a_compressed_body_is_refused(client: TestClient, token: MakeToken) -> None:
    """It is not unpacked, so it cannot be small here and large there."""
    headers = {**shown(token("general")), "Content-Type": "application/json", "Content-Encoding": "gzip"}
    answer = client.post(f"{ACTIONS}/approve", content=b"x", headers=headers)
    assert (415, "error") == (answer.status_code, answer.json()["status"])
