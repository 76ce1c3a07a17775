"""What the text around a block supposes, made so: `<!-- scene: NAME -->`."""

from __future__ import annotations

import json
import time

from sqlalchemy import Engine

from osmod.jobs.broker import JobBroker
from osmod.kue.keys import KueQueue
from osmod.moderation.database import connect
from osmod.moderation.migrations import upgrade
from osmod.moderation.models import User
from tests.comparing.scene import build
from tests.docs.sandbox import ROOT, Sandbox
from tests.kue.stand_in import queue_job
from tests.moderation.world import World
from tests.queue_counts import queue_counts
from tests.waiting import until

#: A moderator that jobs name before there is one.
LATE_MODERATOR = 4


def comments_to_moderate(sandbox: Sandbox) -> None:
    """Tables, moderator 3 and twenty comments."""
    engine = _engine(sandbox)
    upgrade(engine)
    world = World(engine)
    world.user(id=3)
    article = world.article(world.category())
    for _ in range(20):
        world.comment(article)
    engine.dispose()


def three_jobs_wait(sandbox: Sandbox) -> None:
    """And nobody works."""
    _send(sandbox, 3, user=3)
    sandbox.server.client.config_set("appendonly", "yes")


def all_jobs_are_done(sandbox: Sandbox) -> None:
    """Whatever waited has run."""
    broker = JobBroker(url=sandbox.server.url)
    until(lambda: not broker.do_qsize("default"), 30, "the jobs are done")
    broker.close()


def two_hundred_jobs_failed(sandbox: Sandbox) -> None:
    """All by the same error, as their moderator is unknown."""
    _send(sandbox, 200, user=LATE_MODERATOR)
    broker = JobBroker(url=sandbox.server.url)
    until(lambda: queue_counts(broker, "default").failed == 200, 60, "the jobs fail")
    broker.close()


def the_cause_is_mended(sandbox: Sandbox) -> None:
    """The moderator is there."""
    engine = _engine(sandbox)
    World(engine).add(User(id=LATE_MODERATOR, group="general", name="Late"))
    engine.dispose()


def a_scorer_is_on(sandbox: Sandbox) -> None:
    """The local one."""
    engine = _engine(sandbox)
    local = {"endpointType": "local"}
    World(engine).user(group="moderator", name="Local model", is_active=True, extra=local)
    engine.dispose()


def a_site_of_perspective(sandbox: Sandbox) -> None:
    """Perspective is scorer 7, the next user gets id 9; 300 comments, of which moderators decided most."""
    engine = _engine(sandbox)
    upgrade(engine)
    world = World(engine)
    for number in range(1, 7):
        world.user(id=number)
    lines = (ROOT / "osmod" / "demo" / "stand_in.txt").read_text().splitlines()
    perspective = {
        "endpointType": "perspective-api",
        "endpoint": "https://commentanalyzer.googleapis.com/v1alpha1/comments:analyze",
        "apiKey": "secret",
        "attributes": {"TOXICITY": {}},
    }
    build(
        world,
        300,
        old={"id": 7, "name": "Perspective", "extra": perspective},
        new={"id": 8, "name": "Editor", "group": "general"},
        text=lambda number, score: lines[number % len(lines)] + (" You idiot." if score > 0.6 else ""),
        decided=lambda luck, number, score: (
            "User",
            "Reject" if luck.random() < (0.95 if score > 0.6 else 0.05) else "Accept",
        ),
    )
    world.rule(1, 0.9, 1, "Reject")
    world.rule(1, 0, 0.2, "Accept")
    engine.dispose()


def kue_holds_jobs(sandbox: Sandbox) -> None:
    """Of OSMod's types, in all states but done; two of no use to anybody here, and one that repeats."""
    comments_to_moderate(sandbox)
    kue = KueQueue.at(sandbox.server.url)
    now = int(time.time() * 1000)
    queue_job(kue, "acceptComments", {"commentId": 1, "userId": 3})
    queue_job(kue, "acceptComments", {"commentId": 2, "userId": 3})
    in_an_hour = now + 3_600_000
    later = {"commentId": 3, "userId": 3}
    queue_job(kue, "acceptComments", later, state="delayed", score=in_an_hour, promote_at=in_an_hour)
    queue_job(
        kue, "acceptComments", {"commentId": 999}, state="failed", error="Error: Comment not found, id: 999"
    )
    queue_job(kue, "youtubeSynchronizeChannel", {"channelId": 1})
    three_hours_ago = now - 3 * 3_600_000
    worker = "kue:oldhost:411:acceptComments:1"
    last = {"commentId": 4, "userId": 3}
    queue_job(
        kue,
        "acceptComments",
        last,
        state="active",
        workerId=worker,
        started_at=three_hours_ago,
        updated_at=three_hours_ago,
    )
    kue.client.set(
        "q:scheduler:data:heartbeat", json.dumps({"type": "heartbeat", "reccurInterval": "10 minutes"})
    )
    kue.client.set("q:scheduler:heartbeat", "", px=299_000)
    kue.close()


def kue_jobs_are_done(sandbox: Sandbox) -> None:
    """Those that waited have run here, and Kue knows."""
    kue = KueQueue.at(sandbox.server.url)
    until(lambda: not kue.client.zcard(kue.state("inactive", "acceptComments")), 30, "the bridge takes all")
    until(lambda: not kue.client.zcard(kue.held), 30, "Kue is told that they are done")
    assert 1 == kue.client.zcard(kue.state("failed")), "the one that Kue's own worker had failed"
    kue.close()


def _engine(sandbox: Sandbox) -> Engine:
    return connect(f"sqlite:///{sandbox.folder}/.osmod/osmod.db")


def _send(sandbox: Sandbox, count: int, *, user: int) -> None:
    from actors import accept_comments

    broker = JobBroker(url=sandbox.server.url)
    broker.declare_queue("default")
    broker.send_many(
        [accept_comments.message(comment_id=1 + number % 20, user_id=user) for number in range(count)]
    )
    broker.close()
