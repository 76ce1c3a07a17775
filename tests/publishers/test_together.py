"""Hundreds of comments are told of at the same time: in order each, by few statements, and one's fault is its own."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import event, select, update

from osmod.loop import run
from osmod.moderation.models import Comment, Decision, DecisionDelivery, Status
from osmod.moderation.publishing.claiming import claim
from osmod.moderation.publishing.settling import Outcome, settle
from osmod.task.telling import tell
from tests.publishers.fake import Reply
from tests.publishers.scene import Scene
from tests.waiting import until

COMMENTS = 60
LATER: tuple[Status, ...] = ("Reject", "Defer")


def decided(scene: Scene, number: int) -> list[int]:
    """So many comments, each with a decision."""
    comments = [scene.more() for _ in range(number)]
    for comment in comments:
        scene.decide("Accept", comment)
    return comments


def tell_all(scene: Scene, comments: list[int]) -> list[BaseException]:
    """Tell of all at once, as a worker does. Gives what kept some from it."""

    async def at_once() -> list[list[int] | BaseException]:
        telling = [tell(comment, lambda: scene.now) for comment in comments]
        return await asyncio.gather(*telling, return_exceptions=True)

    return [one for one in run(at_once()) if isinstance(one, BaseException)]


def test_in_order(scene: Scene) -> None:
    """Every decision once, each comment's one after the other, though two jobs of each run and more is decided."""
    comments = decided(scene, COMMENTS)
    for status in LATER:
        for comment in comments:
            scene.decide(status, comment)
    scene.fake.script.extend(Reply(500) for _ in range(2))
    assert [] == tell_all(scene, comments * 2)
    heard: dict[int, list[int]] = defaultdict(list)
    for one in scene.fake.received:
        heard[one.content["data"]["comment"]["id"]].append(one.content["data"]["sequence"])
    assert COMMENTS == len(heard)
    assert all(numbers == sorted(set(numbers)) and numbers[-1] == 3 for numbers in heard.values())
    assert {"delivered", "superseded"} >= set(scene.states())
    assert COMMENTS == sum(
        one.sent_back_to_publisher is not None and one.is_current_decision
        for one in scene.world.all(Decision)
    )


def test_few_statements(scene: Scene) -> None:
    """What many need of the database takes as many statements as what a few need."""
    sent: list[str] = []
    event.listen(scene.world.engine, "before_cursor_execute", lambda *one: sent.append(one[2]))

    def statements(number: int) -> int:
        comments = decided(scene, number)
        sent.clear()
        claimed = scene.do(lambda work: claim(work.session, comments, scene.now))
        outcomes = [(one, Outcome(5, 200)) for one in claimed.values()]
        settled = scene.do(lambda work: settle(work.session, outcomes, scene.now))
        assert [("delivered", False)] * number == settled
        return len(sent)

    assert statements(2) == statements(COMMENTS) <= 16


@pytest.mark.only_on("mariadb")
def test_one_that_somebody_holds(scene: Scene) -> None:
    """While another transaction holds a comment's row, what others were told of is noted."""
    held, *others = decided(scene, 3)
    with scene.world.engine.connect() as holder, ThreadPoolExecutor(1) as pool:
        holder.execute(select(Comment.id).where(Comment.id == held).with_for_update())
        telling = pool.submit(scene.tell, held)
        until(lambda: scene.fake.received, what="the publisher is told of the one")
        assert [] == tell_all(scene, others)
        assert (False, 2) == (telling.done(), scene.states().count("delivered"))
        holder.rollback()
        telling.result()
    assert {"delivered"} == set(scene.states())


def test_a_spoilt_one(scene: Scene) -> None:
    """A row that cannot be read fails its own job; the others of its transaction are told."""
    comments = decided(scene, 9)
    with scene.world.engine.begin() as connection:
        spoilt = DecisionDelivery.comment_id == comments[4]
        connection.execute(update(DecisionDelivery).where(spoilt).values(data=["no object"]))
    (failure,) = tell_all(scene, comments)
    assert isinstance(failure, TypeError)
    assert 8 == scene.states().count("delivered")
    assert 8 == len(scene.fake.received)
