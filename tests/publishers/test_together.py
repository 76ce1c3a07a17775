"""Hundreds of comments are told of at the same time: in order each, by few statements, and one's fault is its own."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, create_engine, event, select, text
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import QueuePool

from osmod.loop import run
from osmod.moderation.models import Comment, Decision, Status
from osmod.moderation.publishing import steering
from osmod.moderation.publishing.claiming import claim
from osmod.moderation.publishing.settling import Outcome, settle
from osmod.moderation.publishing.steering import Replay
from osmod.task import telling
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


def test_no_connection_is_free(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """The pool is waited for once for all, not again for each half of them."""
    comments = decided(scene, 9)
    waits: list[Engine] = []
    pool = create_engine(
        scene.world.engine.url, poolclass=QueuePool, pool_size=1, max_overflow=0, pool_timeout=0.05
    )

    def get_engine() -> Engine:
        waits.append(pool)
        return pool

    with pool.connect():
        monkeypatch.setattr(telling, "get_engine", get_engine)
        failures = tell_all(scene, comments)
    pool.dispose()
    assert [PoolTimeout] * 9 == list(map(type, failures))
    assert 1 == len(waits)


@pytest.mark.parametrize("data", ['["no object"]', "null"])
def test_a_spoilt_one(scene: Scene, data: str, caplog: pytest.LogCaptureFixture) -> None:
    """A row that cannot be read has failed at once, with the reason; the others of its transaction are told."""
    check_a_spoilt_one(scene, data, caplog)


@pytest.mark.only_on("sqlite")  # MariaDB and MySQL refuse what is no JSON
def test_a_spoilt_one_that_is_no_json(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    """The same of half an object."""
    check_a_spoilt_one(scene, '{"comment": ', caplog)


def check_a_spoilt_one(scene: Scene, data: str, caplog: pytest.LogCaptureFixture) -> None:
    """Spoil one of nine, and tell of all."""
    comments = decided(scene, 9)
    spoil(scene, comments[4], data)
    assert [] == tell_all(scene, comments)
    assert [8, 1] == [scene.states().count(state) for state in ("delivered", "failed")]
    assert 8 == len(scene.fake.received)
    (error,) = (one.error for one in scene.attempts() if one.error)
    assert "its data in osmod_worker_deliveries is no JSON object" == error
    (given_up,) = (one.message for one in caplog.records if one.levelname == "ERROR")
    assert error in given_up
    assert [] == scene.due()
    spoil(scene, comments[4], '{"comment": {"id": 12}}')  # somebody mends it
    scene.do(lambda work: steering.replay(work.session, Replay(), scene.now))
    scene.tell(comments[4])
    assert {"delivered"} == set(scene.states())


def spoil(scene: Scene, comment_id: int, data: str) -> None:
    """Put this in the place of what is told of a comment."""
    with scene.world.engine.begin() as connection:
        update = text("UPDATE osmod_worker_deliveries SET data = :data WHERE comment_id = :id")
        connection.execute(update, {"data": data, "id": comment_id})


def test_after_a_spoilt_one(scene: Scene) -> None:
    """The next decision on its comment is told all the same."""
    scene.decide("Accept")
    spoil(scene, scene.comment, "[]")
    scene.decide("Reject")
    scene.tell()
    assert ["comment.rejected"] == [one.content["type"] for one in scene.fake.received]
    assert ["superseded", "delivered"] == scene.states()
