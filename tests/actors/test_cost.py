"""What a task costs: few SQL statements, as many on a large article as on a small one, and no more time."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from benchmarks.moderation import growth, statements
from benchmarks.moderation.scene import PERSON, Deliver, Scene, answer, counted
from osmod.moderation.database import connect
from osmod.settings import get_settings
from osmod.task import commit, get_engine
from tests.actors.conftest import ACTORS
from tests.actors.jobs import Jobs
from tests.moderation.world import World
from tests.sqlite_steps import steps

NOT_MODERATION = {
    "heartbeat",
    "sweepOutbox",
    "pruneInbox",
    "pruneTokens",
    "pruneJobs",
    "checkCounts",
    "youtube:commentModerated",
    "deliverDecision",
    "sweepDeliveries",
    "pruneDeliveries",
}
FEW = 15
#: Of a scored comment with two attributes and a matching rule: MySQL and MariaDB count it by one less.
OF_AN_ANSWER = {"sqlite": 12, "mysql": 11}


@pytest.fixture
def scene(jobs: Jobs) -> Scene:
    """An article of 100 comments, in the actors' own database."""
    return Scene(get_engine(), size=100, comments=100)


def test_statements(jobs: Jobs, scene: Scene) -> None:
    """No task needs 15 statements; how many a scored comment with a matching rule needs is known."""
    found = statements.measure(scene, jobs.deliver)
    assert {actor.actor_name for actor in ACTORS} - NOT_MODERATION == {
        shown.partition(" ")[0] for shown in found
    }
    assert {} == {task: count for task, count in found.items() if count >= FEW}
    assert OF_AN_ANSWER[get_engine().dialect.name] == found["processMachineScore (rule)"]


def test_every_other_statement_is_osmods(jobs: Jobs, scene: Scene) -> None:
    """Tasks that count need less than half of OSMod's statements."""
    found = statements.measure(scene, jobs.deliver)
    for task, theirs in statements.OSMODS.items():
        assert found[task] < theirs / 2 or theirs < 10, task


@pytest.mark.parametrize(
    ("wire_name", "arguments"),
    [
        ("processMachineScore", answer),
        ("acceptComments", lambda comment: {"commentId": comment, "userId": PERSON}),
        ("rejectCommentsAndFlags", lambda comment: {"commentId": comment, "userId": PERSON}),
        ("tagComments", lambda comment: {"commentId": comment, "tagId": 1, "userId": PERSON}),
        ("resolveFlags", lambda comment: {"commentId": comment, "userId": PERSON}),
    ],
)
def test_twenty_comments_cost_as_many_as_one(
    jobs: Jobs, scene: Scene, wire_name: str, arguments: Callable[[int], dict[str, Any]]
) -> None:
    """What a batch reads and writes of its comments is shared: rows are more, statements are not."""
    function: Any = jobs.broker.get_actor(wire_name).fn
    alone, *together = [function.payload.read((), arguments(comment)) for comment in range(1, 22)]
    with counted(get_engine()) as of_one:
        commit(lambda work: function.effect(work, [alone]))
    with counted(get_engine()) as of_all:
        commit(lambda work: function.effect(work, together))
    assert of_one() == of_all()


def test_statements_do_not_grow(jobs: Jobs, world: World) -> None:
    """An article of 2,000 comments costs as many statements as any other."""
    scene = Scene(get_engine(), size=2_000, comments=2_000)
    sent = scene.statements(jobs.deliver, "processMachineScore", **answer(7))
    assert OF_AN_ANSWER[get_engine().dialect.name] == sent


@pytest.mark.only_on("sqlite")
def test_what_sqlite_does_for_a_task_does_not_grow(
    jobs: Jobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Among 8,000 comments no task takes much more steps than among 500: none goes by an index that says nothing."""
    found = []
    for size in (500, 8_000):
        monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / f'{size}.db'}")
        get_settings.cache_clear()
        scene = Scene(get_engine(), size, size)
        scene.with_history()
        taken: dict[str, int] = {}
        for shown, wire_name, arguments in statements.calls():
            with steps(scene.engine) as count:
                jobs.deliver(wire_name, **arguments)
            taken[shown] = count()
        found.append(taken)
        scene.engine.dispose()
    few, many = found
    assert min(few.values()) > 0
    assert {} == {task: (few[task], many[task]) for task in few if many[task] > 1.5 * few[task] + 100}


@pytest.mark.only_on("sqlite")
def test_time_does_not_grow(jobs: Jobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On an article of 10,000 comments a task takes less than twice the processor's time that it takes on one of 10."""

    def scene(size: int) -> tuple[Scene, Deliver]:
        url = f"sqlite:///{tmp_path / f'{size}.db'}"

        def deliver(wire_name: str, **arguments: object) -> None:
            monkeypatch.setenv("DATABASE_URL", url)
            get_settings.cache_clear()
            jobs.deliver(wire_name, **arguments)

        engine: Engine = connect(url)
        made = Scene(engine, size, growth.comments_needed(30))
        engine.dispose()
        return made, deliver

    tasks = ["processMachineScore", "acceptComments"]
    # SQLite works in this thread; what the disk is at besides is not the task's.
    scenes = [scene(10), scene(10_000)]
    for task, (small, large) in growth.measure(scenes, 30, tasks, clock=time.thread_time):
        assert large < 2 * small, f"{task}: {small:.2f} ms, then {large:.2f} ms"
    get_engine().dispose()
