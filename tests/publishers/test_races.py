"""Workers that meet at one comment, and workers that die: nothing is told twice at once, or out of order."""

from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from osmod.moderation.publishing.claiming import LEASE
from osmod.moderation.publishing.settling import Outcome
from osmod.task import telling
from tests.publishers.fake import Reply
from tests.publishers.scene import Scene
from tests.waiting import until

ROOT = Path(__file__).parents[2]


def test_two_workers_at_one_comment(scene: Scene) -> None:
    """While one is telling, another does nothing; what was decided meanwhile is told next, by the first."""
    answering = threading.Event()
    scene.fake.script.append(Reply(before=lambda: answering.wait(120)))
    scene.decide("Accept")
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(scene.tell)
        until(lambda: scene.fake.received, what="the publisher is asked")
        scene.decide("Reject")
        scene.tell()
        scene.sweep()
        assert [(1, "Accept")] == scene.fake.told
        answering.set()
        first.result()
    assert [(1, "Accept"), (2, "Reject")] == scene.fake.told
    assert ["delivered", "delivered"] == scene.states()


def test_many_workers_at_many_comments(scene: Scene) -> None:
    """However many workers tell the same comments while decisions are made: each once, each comment in order."""
    comments = [scene.comment, scene.more(), scene.more()]
    with ThreadPoolExecutor(4) as pool:
        for status in ("Accept", "Reject", "Defer", "Accept"):
            for comment in comments:
                scene.decide(status, comment)
            told = [pool.submit(scene.tell, comment) for comment in comments * 2]
        for one in told:
            one.result()
    for comment in comments:
        scene.tell(comment)
    heard = [
        (one.content["data"]["comment"]["id"], one.content["data"]["sequence"]) for one in scene.fake.received
    ]
    for comment in comments:
        assert [1, 2, 3, 4] == [number for of, number in heard if of == comment]
    assert {"delivered"} == set(scene.states())


def test_one_that_was_thought_dead(scene: Scene) -> None:
    """A worker that comes back after its claim ran out changes nothing of what others did; its attempt is kept."""
    scene.decide("Accept")
    late = scene.claim()
    assert late is not None
    scene.now += LEASE
    other = scene.claim()
    assert other is not None
    assert late.message_id == other.message_id
    assert scene.settle(late, Outcome(5, 200)) is None
    assert ["waiting"] == scene.states()
    assert "delivered" == scene.settle(other, Outcome(5, 200))
    assert 2 == len(scene.attempts())


def test_a_claim_that_came_late_is_left(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the database took so long that the claim may end while the publisher is told, nothing is told by it."""
    scene.decide("Accept")
    with monkeypatch.context() as patched:
        patched.setattr(telling, "LATEST", 0.0)
        scene.tell()
    assert ([], ["waiting"]) == (scene.fake.received, scene.states())
    scene.now += LEASE
    scene.sweep()
    assert [(1, "Accept")] == scene.fake.told


KILLED = """
import os, signal, sys
from datetime import datetime
from osmod.loop import run
from osmod.task import telling

telling._settle = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
run(telling.tell(int(sys.argv[1]), lambda: datetime.fromisoformat(sys.argv[2])))
"""


def test_killed_between_answer_and_commit(scene: Scene, database_url: str) -> None:
    """A worker killed before it noted the answer: told again with the same id once its claim is over, in order."""
    scene.decide("Accept")
    environment = {"DATABASE_URL": database_url, "OSMOD_PRIVATE_WEBHOOKS": "true"}
    command = [sys.executable, "-c", KILLED, str(scene.comment), scene.now.isoformat()]
    assert -9 == subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode
    scene.decide("Reject")
    scene.tell()
    assert [(1, "Accept")] == scene.fake.told
    assert (["waiting", "waiting"], []) == (scene.states(), scene.attempts())
    scene.now += LEASE
    scene.sweep()
    assert [(1, "Accept"), (1, "Accept"), (2, "Reject")] == scene.fake.told
    assert 2 == len({one.id for one in scene.fake.received})
    assert ["delivered", "delivered"] == scene.states()
