"""A publisher that is slow has a few requests of each process; others are told meanwhile, and it is not forgotten."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta

import pytest

from actors import publishing
from osmod.loop import PerLoop
from osmod.moderation.models import DecisionDelivery, PublisherStanding, now
from osmod.task import places, telling
from osmod.task.places import Places
from tests.actors.jobs import Jobs
from tests.publishers.fake import Fake, Reply, publisher
from tests.publishers.scene import Scene
from tests.waiting import until

#: Places and waiting ones of these tests.
MOST, LINE = 2, 1


@pytest.fixture(autouse=True)
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "MOST", MOST)
    monkeypatch.setattr(places, "LINE", LINE)
    monkeypatch.setattr(telling, "places", PerLoop(Places))


@contextmanager
def busy(scene: Scene, comments: list[int]) -> Iterator[list[Future[list[int]]]]:
    """All comments are told at once, to a publisher that answers at the end of the block."""
    go = threading.Event()
    scene.fake.otherwise = Reply(before=lambda: go.wait(120))
    with ThreadPoolExecutor(len(comments)) as pool:
        under_way = [pool.submit(scene.tell, comment) for comment in comments]
        try:
            until(lambda: len(scene.fake.received) == MOST, what="the publisher is asked")
            until(
                lambda: sum(one.done() for one in under_way) == max(0, len(comments) - MOST - LINE),
                what="some are turned away",
            )
            yield under_way
            assert MOST == len(scene.fake.received)
        finally:
            go.set()
            scene.fake.otherwise = Reply()


@pytest.fixture
def comments(scene: Scene) -> list[int]:
    """Six comments with a decision each."""
    found = [scene.more() for _ in range(6)]
    for comment in found:
        scene.decide("Accept", comment)
    return found


def test_others_are_told_meanwhile(scene: Scene, comments: list[int]) -> None:
    """Where one publisher has its places, another is told at once; who waits or was turned away is due still."""
    other: Fake
    with publisher() as other:
        owner = scene.world.user(group="service", extra={"webhook": other.webhook})
        comment = scene.more(owner_id=owner)
        scene.decide("Reject", comment)
        with busy(scene, comments):
            scene.tell(comment)
            assert [(1, "Reject")] == other.told
            assert len(comments) - MOST == len(scene.due())
    assert MOST + LINE == len(scene.fake.received)


def test_who_was_turned_away_is_next(scene: Scene, jobs: Jobs, comments: list[int]) -> None:
    """Whoever has told one queues the next, until there is none: nobody waits for the sweep."""
    with busy(scene, comments) as under_way:
        pass
    found = [comment for one in under_way for comment in one.result()]
    assert found
    for comment in found:
        jobs.deliver("deliverDecision", comment_id=comment)
        jobs.work_off()
    assert {"delivered"} == set(scene.states())
    assert len(comments) == len(scene.fake.received)


def test_who_waits_for_long_is_turned_away(
    scene: Scene, comments: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job that waits for a slow publisher is over before its time limit ends it; its comment comes again."""
    monkeypatch.setattr(places, "WAITED", 0.1)
    with busy(scene, comments[:MOST]) as under_way:
        assert [] == scene.tell(comments[MOST])
    assert comments[MOST] in [comment for one in under_way for comment in one.result()]


def test_a_sweep_begins_with_some_of_each_publisher(
    scene: Scene, jobs: Jobs, comments: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many wait for one publisher, those of another are queued; one at rest is not woken for nothing."""
    monkeypatch.setattr(publishing, "SWEPT", 2)
    resting = scene.world.user(group="service", extra={"webhook": scene.fake.webhook})
    scene.age(DecisionDelivery, owner_id=resting)
    many, few = (
        [scene.more() for _ in range(3)],
        scene.more(owner_id=scene.world.user(group="service", extra={"webhook": scene.fake.webhook})),
    )
    for comment in (*many, few):
        scene.decide("Accept", comment)
    scene.world.add(PublisherStanding(owner_id=resting, paused_until=now() + timedelta(minutes=1)))
    jobs.deliver("sweepDeliveries")
    assert [*many[:2], few] == [arguments["comment_id"] for _, arguments in jobs.waiting()]
