"""Publishers of a kind of their own: whatever one does is noted as an attempt of its own, and holds up nobody."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import CancelledError
from http import HTTPStatus
from typing import Any, cast

import pytest

from osmod import publishers
from osmod.loop import run
from osmod.moderation.database import open_session
from osmod.moderation.models import PublisherStanding
from osmod.operating.publishers import publisher_states
from osmod.publishers import News, NotTold, Publisher, Told, register_publisher, registry, threads
from osmod.task.telling import tell
from tests.found import only
from tests.publishers.scene import Scene
from tests.waiting import until

Hook = Callable[[News], Any]


def raising(error: BaseException) -> Hook:
    """A hook that raises."""

    def hook(news: News) -> Told:
        raise error

    return hook


async def _awaited() -> Told:
    return Told(200)


class Registered:
    """Has the comments of a scene belong to an owner whose publisher is a function."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.owner = scene.world.user(group="youtube")

    def use(self, hook: Hook, make: Callable[[], object] = lambda: None) -> None:
        """Have it told by `hook`, after `make` was called."""

        class Kind:
            def __init__(self, owner_id: int, extra: object) -> None:
                make()

            def tell(self, news: News) -> Told | Awaitable[Told]:
                return cast("Told", hook(news))

        register_publisher("youtube", Kind)

    def decided(self) -> int:
        """A comment of its with a decision."""
        comment = self.scene.more(owner_id=self.owner)
        self.scene.decide("Accept", comment)
        return comment


@pytest.fixture
def registered(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> Registered:
    """A publisher that tests make of a function."""
    monkeypatch.setattr(registry, "_makers", {})
    register_publisher("youtube", lambda *_: cast("Publisher", None))
    return Registered(scene)


WRONG: dict[str, Hook] = {
    "nothing is returned": lambda _: None,
    "a text is returned": lambda _: "thank you",
    "long texts": raising(NotTold("x" * 100_000, answer="y" * 100_000)),
    "no texts": raising(NotTold("half a pair: \ud83d", answer="\ud83d")),
    "no pause": raising(NotTold("later", retry_after=float("nan"))),
    "30,000 years": raising(NotTold("later", retry_after=1e12, away=True)),
    "no status": raising(NotTold("refused", status=cast("int", "none"))),
    "no answer": raising(NotTold("refused", answer=cast("str", None), status=HTTPStatus.BAD_GATEWAY)),
    "an iterator's end": raising(StopIteration()),
    "an exit": raising(SystemExit(1)),
    "a future's end": raising(CancelledError()),
    "a task's end": raising(asyncio.CancelledError()),
}


@pytest.mark.parametrize("hook", WRONG.values(), ids=WRONG)
def test_whatever_goes_wrong_is_an_attempt(scene: Scene, registered: Registered, hook: Hook) -> None:
    """It is noted and tried again later: not each time that a claim runs out, for ever."""
    registered.use(hook)
    comment = registered.decided()
    scene.tell(comment)
    delivery = only(scene.deliveries())
    assert ("waiting", 1, None) == (delivery.state, delivery.failures, delivery.claim)
    assert [False] == [one.error is None for one in scene.attempts()]


@pytest.mark.parametrize("told", [Told(200), Told(HTTPStatus.OK, "\ud83d"), Told(answer=cast("str", None))])
def test_whatever_it_says_is_noted(scene: Scene, registered: Registered, told: Told) -> None:
    """What it gives beside the acknowledgement is no reason to tell it again."""
    registered.use(lambda _: told)
    scene.tell(registered.decided())
    assert ["delivered"] == scene.states()


def test_what_it_returns_may_be_awaited(scene: Scene, registered: Registered) -> None:
    """A function that returns what is to be awaited is as good as an `async def`."""
    registered.use(lambda _: _awaited())
    scene.tell(registered.decided())
    assert ["delivered"] == scene.states()


@pytest.mark.parametrize("what", ["made", "told"])
def test_one_that_blocks(scene: Scene, registered: Registered, what: str) -> None:
    """While one is made, or told, coroutines go on."""
    blocks, go_on = threading.Event(), threading.Event()

    def block() -> None:
        blocks.set()
        assert go_on.wait(120), "the loop stands still"

    def hook(news: News) -> Told:
        if what == "told":
            block()
        return Told()

    registered.use(hook, block if what == "made" else lambda: None)
    comment = registered.decided()

    async def both() -> None:
        telling = asyncio.create_task(tell(comment, lambda: scene.now))
        await asyncio.to_thread(blocks.wait, 120)
        go_on.set()
        await telling

    run(both())
    assert ["delivered"] == scene.states()


@pytest.mark.parametrize("waits", [True, False], ids=["a coroutine", "a thread"])
def test_one_that_hangs(
    scene: Scene, registered: Registered, monkeypatch: pytest.MonkeyPatch, waits: bool
) -> None:
    """It is not waited for longer than its claim lasts: another worker would tell it, too, and what is newer."""
    monkeypatch.setattr(publishers, "LONGEST", 0.2)
    over = threading.Event()

    async def hang() -> Told:
        await asyncio.Event().wait()
        return Told()

    registered.use(lambda _: hang() if waits else over.wait(120))
    comment = registered.decided()
    scene.tell(comment)
    over.set()
    attempt = only(scene.attempts())
    assert "was not done within 0.2 seconds" in (attempt.error or "")
    assert [(registered.owner, 1)] == [
        (one.owner_id, one.failures) for one in scene.world.all(PublisherStanding)
    ]


def test_one_that_always_hangs(
    scene: Scene, registered: Registered, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It takes so many threads and no more until one of them ends, and log and list name it; others are told."""
    monkeypatch.setattr(threads, "MOST_HUNG", 2)
    over, begun = threading.Event(), list[int]()

    def hang(news: News) -> Told:
        begun.append(news.data["comment"]["id"])
        assert over.wait(120)
        return Told()

    registered.use(hang)
    comments = [registered.decided() for _ in range(3)]
    with monkeypatch.context() as brief:
        brief.setattr(publishers, "LONGEST", 0.1)
        for comment in comments:
            scene.tell(comment)
    assert comments[:2] == begun
    last = scene.attempts()[-1].error or ""
    assert last.startswith(f"publisher {registered.owner} is not called: 2 of its calls have not ended")
    assert [f"publisher {registered.owner} hangs: {n} of its calls" in caplog.text for n in (1, 2, 3)] == [
        True,
        True,
        False,
    ]
    with open_session(scene.world.engine) as session:
        (state,) = (one for one in publisher_states(session, scene.now) if one.state == "resting")
    assert (registered.owner, f"3 attempts failed in a row: {last}") == (state.standing.owner_id, state.why)
    scene.decide("Reject")
    scene.tell()
    assert 1 == len(scene.fake.received)
    over.set()

    def is_told() -> bool:
        scene.later(minutes=20)
        scene.tell(comments[2])
        return scene.states()[2] == "delivered"

    until(is_told, what="its calls have ended")
    assert 0 == scene.world.get(PublisherStanding, registered.owner).failures
