"""What else sees to deliveries: OSMod's own job, the sweep, the pruning."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from osmod.moderation.database import open_session
from osmod.moderation.errors import NotFound
from osmod.moderation.models import Decision, DecisionDelivery, PublisherStanding, now
from osmod.moderation.publishing.overview import due_of
from tests.actors.jobs import Jobs
from tests.publishers.fake import Reply
from tests.publishers.scene import Scene


def test_decisions_of_other_programs(scene: Scene, jobs: Jobs) -> None:
    """OSMod's own job owes the news of a comment's current decision, unless it is owed already."""
    scene.world.add(
        Decision(comment_id=scene.comment, status="Accept", source="User", user_id=scene.moderator)
    )
    for _ in range(2):
        jobs.deliver("youtube:commentModerated", ownerId=scene.owner, commentId=scene.comment)
    assert [("deliverDecision", {"comment_id": scene.comment})] == jobs.waiting()
    jobs.work_off()
    assert [(1, "Accept")] == scene.fake.told
    with pytest.raises(NotFound, match="^No user with ID 99$"):
        jobs.deliver("youtube:commentModerated", ownerId=99, commentId=scene.comment)


def test_a_sweep_queues_what_is_due(scene: Scene, jobs: Jobs) -> None:
    """Each comment once, however many of its decisions wait; and nothing that is not due."""
    scene.now = now()
    other = scene.more()
    scene.decide("Accept")
    scene.decide("Reject")
    scene.later(hours=1)
    scene.decide("Accept", other)
    jobs.deliver("sweepDeliveries")
    assert [("deliverDecision", {"comment_id": scene.comment})] == jobs.waiting()


def test_what_waits_for_a_resting_publisher_holds_up_nobody(scene: Scene, jobs: Jobs) -> None:
    """A sweep leaves it out, however long it has been due; a job that finds the rest puts all of the comment off."""
    scene.now = now()
    scene.fake.script.append(Reply(503, {"Retry-After": "600"}))
    second, third = scene.more(), scene.more()
    for comment in (scene.comment, second, second, third):
        scene.decide("Accept", comment)
    other = scene.world.user(group="service", extra={"webhook": scene.fake.webhook})
    theirs = scene.more(owner_id=other)
    scene.decide("Accept", theirs)
    scene.tell()
    assert [theirs] == scene.due()
    scene.tell(second)
    until = scene.standing().paused_until
    assert [until, until] == [row.next_attempt_at for row in scene.deliveries() if row.comment_id == second]


@pytest.mark.only_on("sqlite")
def test_who_is_next_is_found_among_any_number(scene: Scene) -> None:
    """It is looked for with each decision that is told: what that costs does not grow with what waits."""
    taken: list[int] = []
    for first, last in ((0, 100), (100, 5_000)):
        scene.world.bulk(
            DecisionDelivery,
            [
                {"message_id": f"msg_{number}", "comment_id": number, "decision_id": number, **OF_MANY}
                | {"owner_id": scene.owner}
                for number in range(first, last)
            ],
        )
        taken.append(_steps_of_sqlite(scene))
    assert taken[1] < 2 * taken[0]


#: What a delivery is like.
OF_MANY: dict[str, Any] = {"sequence": 1, "event": "comment.decided", "data": {}}


def _steps_of_sqlite(scene: Scene) -> int:
    """Instructions, in tens, that it takes to find the next comments of which a publisher is to be told."""
    steps = 0

    def note() -> None:
        nonlocal steps
        steps += 1

    with open_session(scene.world.engine) as session:
        connection: Any = session.connection().connection.driver_connection
        connection.set_progress_handler(note, 10)
        try:
            assert 8 == len(due_of(session, scene.owner, now(), 8))
        finally:
            connection.set_progress_handler(None, 0)
    return steps


def test_what_was_held_for_a_quarter_of_a_year_is_pruned(
    scene: Scene, jobs: Jobs, caplog: pytest.LogCaptureFixture
) -> None:
    """Of publishers that have been disabled as long; the log says how many. What is younger is held on."""
    scene.now = now() - timedelta(days=91)
    scene.fake.script.append(Reply(410))
    scene.decide("Accept")
    scene.tell()
    scene.later(days=2)
    scene.decide("Reject", other := scene.more())
    scene.tell(other)
    jobs.deliver("pruneDeliveries")
    assert ([(2, "held")], []) == ([(row.id, row.state) for row in scene.deliveries()], scene.attempts())
    assert ["1 decisions were forgotten that disabled publishers have not been told in 90 days"] == [
        record.getMessage() for record in caplog.records if record.name == "actors.upkeep"
    ]
    scene.age(PublisherStanding, disabled_at=now())
    scene.age(DecisionDelivery, created_at=scene.now - timedelta(days=3))
    jobs.deliver("pruneDeliveries")
    assert ["held"] == scene.states()


def test_old_deliveries_are_pruned(scene: Scene, jobs: Jobs) -> None:
    """What was settled 30 days ago goes, with its attempts; what waits stays, however old it is."""
    other = scene.more()
    scene.now = now() - timedelta(days=31)
    scene.decide("Accept")
    scene.tell()
    scene.decide("Accept", other)
    scene.later(days=2)
    scene.decide("Reject")
    scene.tell()
    jobs.deliver("pruneDeliveries")
    assert [(2, "waiting"), (3, "delivered")] == [(row.id, row.state) for row in scene.deliveries()]
    assert [3] == [attempt.delivery_id for attempt in scene.attempts()]
