"""Owed jobs that cannot be queued stay in the outbox, and hold up no others."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest
from sqlalchemy import text

from osmod.moderation.models import OutboxEntry, now
from osmod.task import outbox
from tests.actors.jobs import Jobs
from tests.actors.test_delivery import DELIVER
from tests.actors.test_delivery import comment as comment
from tests.moderation.world import World


def test_a_job_nobody_knows_does_not_hold_up_the_others(
    jobs: Jobs,
    world: World,
    comment: int,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """An owed job whose actor is not in this process stays, and says so; the others are queued."""
    long_ago = now() - timedelta(hours=1)
    world.add(OutboxEntry(message_id="1", actor="gone", arguments={}, created_at=long_ago))
    arguments = {"comment_id": comment}
    world.add(OutboxEntry(message_id="2", actor=DELIVER, arguments=arguments, created_at=long_ago))
    with caplog.at_level(logging.ERROR):
        jobs.deliver("sweepOutbox")
    assert [(DELIVER, arguments)] == jobs.waiting()
    assert ["gone"] == [row.actor for row in world.all(OutboxEntry)]
    assert (
        "the owed job 1 cannot be queued: this process has no actor 'gone'; "
        "load it, or delete the job from osmod_worker_outbox"
    ) in caplog.text


def test_many_jobs_nobody_knows_do_not_hold_up_the_others(
    jobs: Jobs, world: World, comment: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than a sweep takes at a time, as of an actor that was taken out after an outage: what is newer is queued."""
    monkeypatch.setattr(outbox, "BATCH", 2)
    long_ago = now() - timedelta(hours=1)
    rows: list[tuple[str, dict[str, int]]] = [("gone", {})] * 5 + [(DELIVER, {"comment_id": comment})] * 3
    for number, (actor, arguments) in enumerate(rows):
        world.add(OutboxEntry(message_id=str(number), actor=actor, arguments=arguments, created_at=long_ago))
    jobs.deliver("sweepOutbox")
    assert [(DELIVER, {"comment_id": comment})] * 3 == jobs.waiting()
    assert ["gone"] * 5 == [row.actor for row in world.all(OutboxEntry)]


@pytest.mark.parametrize(
    ("arguments", "wrong"),
    [
        ('{"comment_idd": 1}', f"{DELIVER} takes no argument 'comment_idd': did you mean 'comment_id'?"),
        ('["no object"]', "its arguments are no JSON object"),
        ("null", "its arguments are no JSON object"),
    ],
)
def test_a_job_of_spoilt_arguments_does_not_hold_up_the_others(
    jobs: Jobs, world: World, comment: int, caplog: pytest.LogCaptureFixture, arguments: str, wrong: str
) -> None:
    """It stays in the outbox, and what is wrong with it is logged; the others are queued."""
    owed = {"actor": DELIVER, "arguments": {"comment_id": comment}, "created_at": now() - timedelta(hours=1)}
    for message_id in ("1", "2"):
        world.add(OutboxEntry(message_id=message_id, **owed))
    with world.engine.begin() as connection:
        spoil = text("UPDATE osmod_worker_outbox SET arguments = :it WHERE message_id = '1'")
        connection.execute(spoil, {"it": arguments})
    with caplog.at_level(logging.ERROR):
        jobs.deliver("sweepOutbox")
    assert [(DELIVER, owed["arguments"])] == jobs.waiting()
    assert ["1"] == [row.message_id for row in world.all(OutboxEntry)]
    assert f"the owed job 1 cannot be queued: {wrong}; correct it in" in caplog.text
