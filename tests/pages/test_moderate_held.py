"""What is decided and on its way is offered to nobody, however long that takes, and to all once it is over."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import update

from osmod.jobs.broker import JobBroker
from osmod.jobs.records import JobFilter
from osmod.jobs.steering import cancel, delete, retry
from osmod.jobs.testing import drain, enqueued
from osmod.moderation import flags
from osmod.moderation.database import open_session
from osmod.moderation.desk import acts
from osmod.moderation.desk.acts import Asked
from osmod.moderation.models import (
    Claim,
    Comment,
    CommentFlag,
    Decision,
    DeskAct,
    InboxEntry,
    OutboxEntry,
    now,
)
from osmod.task import commit
from osmod.web.pages.frame.fragments import RENDERINGS
from tests.moderation.world import World
from tests.pages.conftest import Press, waiting
from tests.web.conftest import USERS

pytestmark = [pytest.mark.only_on("sqlite"), pytest.mark.only_on("valkey")]

NOBODY_IS_AT = "No comment of those chosen waits that nobody is at."


def decide(*comments: int, form: str = "theirs", **given: object) -> None:
    """Another moderator decides, and closes the page."""
    asked = {"act": "approve", "user_id": USERS["admin"], "comment_ids": comments, **given}
    commit(lambda work: acts.perform(work, Asked(form=form, **asked)))  # type: ignore[arg-type]


def time_passes(world: World) -> None:
    """More than a claim lasts."""
    with open_session(world.engine) as session:
        session.execute(update(Claim).values(until=now() - timedelta(minutes=1)))
        session.commit()


def test_a_queue_that_is_behind(client: TestClient, press: Press, world: World, queue: JobBroker) -> None:
    """For longer than a claim lasts: what waits in it is not decided on twice."""
    comment = waiting(world, world.article(), 0.9)
    decide(comment)
    time_passes(world)

    assert NOBODY_IS_AT in press("/ui/moderate", "/ui/moderate/next").text
    assert "has decided on it. That is on its way" in client.get(f"/ui/moderate?comment={comment}").text
    assert [True] == [claim.until > now() for claim in world.all(Claim)]


@pytest.mark.parametrize("end", [cancel, delete])
def test_a_job_that_ended_without_effect(press: Press, world: World, queue: JobBroker, end: object) -> None:
    """Its comment is offered again, though nobody has the page open who decided on it."""
    comment = waiting(world, world.article(), 0.9)
    decide(comment)
    end(queue, JobFilter(actor="acceptComments"), by="ann")  # type: ignore[operator]
    assert NOBODY_IS_AT in press("/ui/moderate", "/ui/moderate/next").text
    time_passes(world)
    assert f"Comment {comment}<" in press("/ui/moderate", "/ui/moderate/next").text


def test_an_act_whose_job_was_deleted(
    client: TestClient, press: Press, world: World, queue: JobBroker
) -> None:
    """Is not on its way for ever, and what was done before it can be taken back."""
    article = world.article()
    first, second = waiting(world, article, 0.9), waiting(world, article, 0.8)
    for comment in (first, second):
        press(f"/ui/moderate?comment={comment}", "approve")
    delete(queue, JobFilter(actor="acceptComments"), by="ann")
    RENDERINGS.forget()

    page = client.get("/ui/moderate").text

    assert f"Comment {second}</a> failed and waits again: its job was deleted before it had effect" in page
    assert "on its way" not in page


def test_more_than_are_asked_about_at_once(
    client: TestClient, press: Press, world: World, queue: JobBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All are known to have failed, and wait again; reasons are told of the first."""
    monkeypatch.setattr("osmod.web.pages.moderate_outcomes.ASKED", 2)
    article = world.article()
    for score in (0.5, 0.6, 0.7, 0.8, 0.9):
        waiting(world, article, score)
    press("/ui/moderate?lower=0.4&batch=reject", "reject")
    cancel(queue, JobFilter(actor="rejectComments"), by="ann")
    RENDERINGS.forget()

    page = client.get("/ui/moderate").text

    assert "Cancelled: by ann." in page
    assert "So did 2 more." in page
    assert "on their way" not in page
    assert [] == world.all(Claim)


def test_an_undo_whose_job_failed(client: TestClient, press: Press, world: World, queue: JobBroker) -> None:
    """That is said, and it can be pressed again."""
    comment = waiting(world, world.article(), 0.9)
    press(f"/ui/moderate?comment={comment}", "approve")
    drain(queue)
    press("/ui/moderate", "/ui/moderate/undo")
    cancel(queue, JobFilter(actor="resetComments"), by="ann")
    RENDERINGS.forget()

    page = client.get("/ui/moderate").text
    assert f"Comment {comment}</a> failed and is as it was: Cancelled: by ann." in page
    assert f"Comment {comment} is put back." in press("/ui/moderate", "/ui/moderate/undo").text
    drain(queue)
    assert None is world.get(Comment, comment).is_accepted
    assert "/ui/moderate/undo" not in client.get("/ui/moderate").text


def test_an_undo_that_is_sent_again(client: TestClient, press: Press, world: World, queue: JobBroker) -> None:
    """As from a page that is old by now: that it is on its way, or done, is said."""
    comment = waiting(world, world.article(), 0.9)
    press(f"/ui/moderate?comment={comment}", "approve")
    drain(queue)
    RENDERINGS.forget()
    old = client.get("/ui/moderate")
    assert f"Comment {comment} is put back." in press(old, "/ui/moderate/undo").text
    assert (
        "Nothing was done: it is being taken back already." in press(old, "/ui/moderate/undo", form="b").text
    )
    drain(queue)
    assert "Nothing was done: it was taken back before." in press(old, "/ui/moderate/undo", form="c").text


def test_a_job_that_is_retried_after_another_decided(
    client: TestClient, press: Press, world: World, queue: JobBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Does not override that, and says so, to its moderator, too; retried once more, it does not either."""
    comment = waiting(world, world.article(), 0.9)
    press(f"/ui/moderate?comment={comment}", "approve")
    (failed,) = enqueued(queue)
    cancel(queue, JobFilter(actor="acceptComments"), by="ann")
    RENDERINGS.forget()
    client.get("/ui/moderate")
    decide(comment, act="reject")
    drain(queue)
    wanted, later = JobFilter(ids=(failed.message_id,)), time.time() + 3_600
    monkeypatch.setattr("osmod.jobs.steering.acts.clock", lambda: later)
    with open_session(world.engine) as session:
        session.execute(update(Decision).values(created_at=now() + timedelta(minutes=1)))
        session.commit()

    for _ in range(2):
        assert 1 == retry(queue, wanted)
        drain(queue, raise_errors=False)
        assert [False] == [one.is_accepted for one in world.all(Comment)]

    RENDERINGS.forget()
    assert f"user {USERS['admin']} decided Reject" in client.get("/ui/moderate").text


def test_what_belongs_to_an_act_holds_the_comment(
    client: TestClient, press: Press, world: World, queue: JobBroker
) -> None:
    """Until that is over, too: another's decision would meet a flag or a reason that comes after it."""
    comment = waiting(world, world.article(), 0.9)
    decide(comment, act="reject", tag_id=world.tag("SPAM"))
    (job,) = (one for one in enqueued(queue) if one.actor_name == "rejectComments")
    world.add(InboxEntry(message_id=job.message_id, actor=job.actor_name))
    time_passes(world)
    assert NOBODY_IS_AT in press("/ui/moderate", "/ui/moderate/next").text
    assert [comment] == [claim.comment_id for claim in world.all(Claim)]
    drain(queue)
    time_passes(world)
    press("/ui/moderate", "/ui/moderate/next")
    assert comment not in [claim.comment_id for claim in world.all(Claim) if claim.form]


@pytest.mark.parametrize(
    "owed", [{"actor": "later:task", "arguments": {}}, {"actor": "acceptComments", "arguments": {"later": 1}}]
)
def test_an_owed_job_that_nobody_can_queue(
    press: Press, world: World, queue: JobBroker, owed: dict[str, Any]
) -> None:
    """Of a task or an argument that nobody knows, as after a return to an earlier version: it is withdrawn after an
    hour, and its comment is offered again."""
    comment = waiting(world, world.article(), 0.9)
    decide(comment)
    (job,) = enqueued(queue)
    delete(queue, JobFilter(ids=(job.message_id,)), by="ann")
    world.add(OutboxEntry(message_id=job.message_id, **owed))
    world.add(OutboxEntry(message_id="another", **owed))
    time_passes(world)
    assert NOBODY_IS_AT in press("/ui/moderate", "/ui/moderate/next").text
    assert 2 == len(world.all(OutboxEntry))
    with open_session(world.engine) as session:
        session.execute(update(DeskAct).values(at=now() - timedelta(hours=1)))
        session.commit()
    time_passes(world)
    assert f"Comment {comment}<" in press("/ui/moderate", "/ui/moderate/next").text
    assert ["another"] == [one.message_id for one in world.all(OutboxEntry)]


def test_an_owed_job_that_can_be_queued(press: Press, world: World, queue: JobBroker) -> None:
    """Is owed on, however long the queue is away, and its comment is held."""
    comment = waiting(world, world.article(), 0.9)
    decide(comment)
    (job,) = enqueued(queue)
    delete(queue, JobFilter(ids=(job.message_id,)), by="ann")
    world.add(OutboxEntry(message_id=job.message_id, actor=job.actor_name, arguments=job.kwargs))
    with open_session(world.engine) as session:
        session.execute(update(DeskAct).values(at=now() - timedelta(hours=1)))
        session.commit()
    time_passes(world)
    assert NOBODY_IS_AT in press("/ui/moderate", "/ui/moderate/next").text
    assert 1 == len(world.all(OutboxEntry))


def test_what_belongs_to_an_act_and_failed(
    client: TestClient, press: Press, world: World, queue: JobBroker
) -> None:
    """As the reason of a rejection: that it is lost is said."""
    spam = world.tag("SPAM")
    comment = waiting(world, world.article(), 0.9)
    press(f"/ui/moderate?comment={comment}", "reject", tag_id=str(spam))
    cancel(queue, JobFilter(actor="tagCommentSummaryScores"), by="ann")
    RENDERINGS.forget()

    page = client.get("/ui/moderate").text

    assert f">comment {comment}</a> the reason is not said: Cancelled: by ann." in page
    assert "on its way" in page


def test_what_belongs_to_an_undo_and_failed(
    client: TestClient, press: Press, world: World, queue: JobBroker
) -> None:
    """As flags that were to be open again: that is said, and undo can be pressed again, until it is done."""
    comment = waiting(world, world.article(), 0.9)
    world.do(lambda work: flags.add_flags(work, [flags.Said("spam", f"c{comment}", "reader")]))
    press(f"/ui/moderate?comment={comment}", "approve")
    drain(queue)
    press("/ui/moderate", "/ui/moderate/undo")
    cancel(queue, JobFilter(actor="reopenFlags"), by="ann")
    drain(queue)
    RENDERINGS.forget()

    page = client.get("/ui/moderate").text
    assert f">comment {comment}</a> the flags or the reason are not as they were: Cancelled: by ann." in page
    assert f"Comment {comment} is put back." in press("/ui/moderate", "/ui/moderate/undo").text
    assert "/ui/moderate/undo" not in client.get("/ui/moderate").text
    drain(queue)
    RENDERINGS.forget()
    assert [False] == [one.is_resolved for one in world.all(CommentFlag)]
    assert "/ui/moderate/undo" not in client.get("/ui/moderate").text
