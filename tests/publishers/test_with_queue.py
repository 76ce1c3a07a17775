"""From moderators' jobs to the publisher, with a real queue and workers."""

from __future__ import annotations

from functools import partial

import pytest
from dramatiq import Worker

from osmod.jobs.setup import make_broker
from osmod.settings import read_settings
from tests.placing import put_in_place
from tests.publishers.scene import Scene
from tests.waiting import until


def _all_told(scene: Scene, number: int) -> bool:
    return scene.states() == ["delivered"] * number


@pytest.mark.only_on("valkey")
def test_every_decision_is_told_in_order(
    scene: Scene, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Accepted, then rejected: the publisher hears both of every comment, in that order, signed."""
    monkeypatch.setenv("REDIS_URL", redis_url)
    broker = make_broker(read_settings())
    put_in_place(broker, monkeypatch)
    comments = [scene.comment, *(scene.more() for _ in range(9))]
    worker = Worker(broker, worker_timeout=20, worker_threads=4)
    worker.start()
    try:
        for number, name in enumerate(("acceptComments", "rejectComments"), 1):
            for comment in comments:
                broker.get_actor(name).send(comment_id=comment, user_id=scene.moderator)
            until(partial(_all_told, scene, number * len(comments)), 30, f"all is told of {name}")
    finally:
        worker.stop()
        broker.close()
    for comment in comments:
        told = [one for one in scene.fake.received if one.content["data"]["comment"]["id"] == comment]
        assert [(1, "Accept"), (2, "Reject")] == [
            (one.content["data"]["sequence"], one.content["data"]["decision"]["status"]) for one in told
        ]
    assert {(True,)} == {one.known for one in scene.fake.received}
