"""What the text around a block supposes, made so: `<!-- scene: NAME -->`."""

from __future__ import annotations

from sqlalchemy import Engine

from osmod.jobs.broker import JobBroker
from osmod.moderation.database import connect
from osmod.moderation.migrations import upgrade
from osmod.moderation.models import User
from tests.docs.sandbox import Sandbox
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
