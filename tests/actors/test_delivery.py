"""After the commit: OSMod's servers are told, owed jobs are queued; never for what was rolled back."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
import redis
from dramatiq import Worker
from sqlalchemy import update

from osmod.jobs.errors import PutOff
from osmod.jobs.setup import make_broker
from osmod.moderation.errors import Refused
from osmod.moderation.models import AccessToken, Comment, Decision, InboxEntry, OutboxEntry, now
from osmod.moderation.work import Delivery, Work
from osmod.outages import Outage
from osmod.publishers import News, Told, register_publisher, registry
from osmod.settings import read_settings
from osmod.task import commit, outbox
from tests.actors.jobs import Jobs
from tests.moderation.world import World
from tests.placing import put_in_place
from tests.waiting import until

ROOT = Path(__file__).parents[2]
DELIVER = "deliverDecision"


class Listening:
    """A publisher that remembers what it was told."""

    heard: ClassVar[list[tuple[int, int]]] = []

    def __init__(self, owner_id: int, extra: object) -> None:
        self._owner_id = owner_id

    def tell(self, news: News) -> Told:
        """Remember the owner and the comment."""
        self.heard.append((self._owner_id, news.data["comment"]["id"]))
        return Told()


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """A publisher for owners of the group `youtube`; whom it told of what."""
    Listening.heard.clear()
    monkeypatch.setattr(registry, "_makers", {})
    register_publisher("youtube", Listening)
    return Listening.heard


@pytest.fixture
def comment(world: World) -> int:
    """A comment whose owner is of a group that publishers are registered for."""
    owner = world.user(group="youtube")
    return world.comment(world.article(world.category()), owner_id=owner)


def test_telling_is_a_job_of_its_own(
    jobs: Jobs, world: World, comment: int, told: list[tuple[int, int]]
) -> None:
    """A decision owes its owner the news: queued after the commit, once, and forgotten by the outbox then."""
    message = jobs.message("acceptComments", commentId=comment)
    for _ in range(3):
        jobs.broker.process(message)
    assert [(DELIVER, {"comment_id": comment})] == jobs.waiting()
    assert [] == world.all(OutboxEntry)
    jobs.work_off()
    assert [(1, comment)] == told


def test_no_publisher_no_job(jobs: Jobs, world: World, comment: int) -> None:
    """Without a publisher for the owner's group nothing is owed."""
    jobs.deliver("acceptComments", commentId=comment)
    assert [] == jobs.waiting()


def test_a_refused_job_owes_nothing(
    jobs: Jobs, world: World, comment: int, told: list[tuple[int, int]]
) -> None:
    """What is rolled back queues nothing and leaves nothing in the outbox."""
    with pytest.raises(Refused):
        jobs.deliver("acceptComments", commentId=comment, userId=99)
    assert ([], []) == (jobs.waiting(), world.all(OutboxEntry))


def test_a_job_that_is_put_off_changed_nothing(jobs: Jobs, world: World, comment: int) -> None:
    """Its transaction is rolled back with the inbox row, so that its next run is its first."""
    delivery = Delivery("message-1", "askOnce")

    def ask(work: Work) -> None:
        work.session.get_one(Comment, comment).text = "asked"
        work.enqueue("acceptComments", comment_id=comment)
        work.session.flush()
        raise PutOff(60, "its turn")

    with pytest.raises(PutOff):
        commit(ask, delivery)
    assert ([], [], []) == (jobs.waiting(), world.all(OutboxEntry), world.all(InboxEntry))
    assert not commit(lambda work: None, delivery).repeated


def test_the_queue_is_away(
    jobs: Jobs,
    world: World,
    comment: int,
    told: list[tuple[int, int]],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A queue that cannot be reached after the commit does not fail the job: the next sweep queues what is owed."""
    monkeypatch.setattr(outbox, "_outage", Outage("queue"))  # It may have been away in other tests.
    jobs.broker.down = True
    for _ in range(3):
        jobs.deliver("acceptComments", commentId=comment)
    assert 3 == world.size(Decision)
    said = [one.getMessage() for one in caplog.records if one.name == "osmod.outages"]
    assert [
        "Queue away: what committed changes owe waits in the outbox (no queue today); trying until it works."
    ] == said
    jobs.broker.down = False
    jobs.deliver("sweepOutbox")
    assert [] == jobs.waiting(), "for a minute, whoever committed may still be about to queue it"
    _age(world)
    jobs.deliver("sweepOutbox")
    assert [DELIVER] * 3 == [name for name, _ in jobs.waiting()]
    assert "Queue back after " in caplog.messages[-1]
    assert [] == world.all(OutboxEntry)
    jobs.deliver("sweepOutbox")
    jobs.work_off()
    assert [comment] * 3 == [of for _, of in told]


def test_swept_while_it_was_queued(
    jobs: Jobs, world: World, comment: int, told: list[tuple[int, int]]
) -> None:
    """A job queued by its owner and by a sweep as well is done once: both carry the same id."""
    jobs.deliver("acceptComments", commentId=comment)
    (queued,) = jobs.broker.sent
    row = {"message_id": queued.message_id, "actor": DELIVER, "arguments": queued.kwargs}
    world.add(OutboxEntry(created_at=now() - timedelta(hours=1), **row))
    jobs.deliver("sweepOutbox")
    assert 2 == len(jobs.waiting())
    jobs.work_off()
    assert [(1, comment)] == told


KILLED = """
import os, signal, sys
import actors
import dramatiq
from osmod.moderation import work
from osmod.publishers import register_publisher

register_publisher("youtube", lambda *_: None)
work.is_committed = lambda _: os.kill(os.getpid(), signal.SIGKILL)
message = actors.accept_comments.message(comment_id=int(sys.argv[1])).copy(message_id="once")
dramatiq.get_broker().enqueue(message)
"""


def test_killed_between_commit_and_queue(
    jobs: Jobs, world: World, comment: int, told: list[tuple[int, int]], database_url: str
) -> None:
    """A worker killed right after its commit: the redelivery does nothing, the sweep queues what it owed."""
    environment = {**os.environ, "DATABASE_URL": database_url, "WORKER_RUN_IMMEDIATELY": "true"}
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(comment)], cwd=ROOT, env=environment, check=False
    )
    assert -9 == killed.returncode
    assert (1, 1) == (world.size(Decision), world.size(OutboxEntry))
    jobs.deliver("acceptComments", message_id="once", commentId=comment)
    assert (1, []) == (world.size(Decision), jobs.waiting())
    _age(world)
    jobs.deliver("sweepOutbox")
    jobs.work_off()
    assert [(1, comment)] == told
    assert [] == world.miscounted()


def _age(world: World) -> None:
    with world.engine.begin() as connection:
        connection.execute(update(OutboxEntry).values(created_at=now() - timedelta(minutes=2)))


def test_prune_inbox(jobs: Jobs, world: World) -> None:
    """Inbox rows go when no redelivery can need them any more."""
    for days in (29, 31, 400):
        entry = InboxEntry(message_id=str(days), actor="x", created_at=now() - timedelta(days=days))
        world.add(entry)
    jobs.deliver("pruneInbox")
    assert ["29"] == [entry.message_id for entry in world.all(InboxEntry)]


def test_prune_tokens(jobs: Jobs, world: World) -> None:
    """Rows of tokens go a month after these are over; those without an end stay."""
    user = world.user()
    for days in (-1, 29, 31, 400):
        over = now() - timedelta(days=days)
        world.add(AccessToken(id=str(days), user_id=user, purpose="x", created_at=over, expires_at=over))
    world.add(AccessToken(id="for ever", user_id=user, purpose="x", created_at=now() - timedelta(days=900)))
    jobs.deliver("pruneTokens")
    assert {"-1", "29", "for ever"} == {token.id for token in world.all(AccessToken)}


@pytest.mark.only_on("valkey")
def test_osmods_servers_are_told(
    jobs: Jobs, world: World, comment: int, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Changes go out on OSMod's channel after the commit, as JSON; none of a refused job."""
    monkeypatch.setenv("REDIS_URL", redis_url)
    broker = make_broker(read_settings())
    put_in_place(broker, monkeypatch)
    accept = broker.get_actor("acceptComments")
    heard: list[dict[str, Any]] = []
    accepted_when_heard: list[bool | None] = []
    worker = Worker(broker, worker_timeout=20, worker_threads=1)
    with redis.Redis.from_url(redis_url) as client, client.pubsub(ignore_subscribe_messages=True) as channel:
        channel.subscribe("update-notification")
        worker.start()
        try:
            accept.send(comment_id=comment, user_id=99)
            accept.send(comment_id=comment)

            def listen() -> bool:
                message = channel.get_message(timeout=0.05)
                if message:
                    accepted_when_heard.append(world.get(Comment, comment).is_accepted)
                    heard.append(json.loads(message["data"]))
                return len(heard) >= 3

            until(listen, what="three notifications")
        finally:
            worker.stop()
            broker.close()
    expected = [("comment", comment), ("article", 1), ("category", 1)]
    assert sorted(expected) == sorted((told["objectType"], told["id"]) for told in heard)
    assert {"modify"} == {told["action"] for told in heard}
    assert {"objectType", "action", "id"} == set(heard[0])
    assert {True} == set(accepted_when_heard)
