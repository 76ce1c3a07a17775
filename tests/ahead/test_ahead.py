"""`osmod worker` loads what its processes need once, the model of a local scorer too, and forks them from there."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from dramatiq import Message
from sqlalchemy import update

from osmod.jobs.broker import JobBroker
from osmod.jobs.worker.process import Origin
from osmod.jobs.worker.processes import Slot
from osmod.jobs.worker.supervisor import parse
from osmod.moderation.database import connect
from osmod.moderation.migrations import upgrade
from osmod.moderation.models import User
from tests.chaos import app
from tests.chaos.pools import Pool, url_of
from tests.moderation.world import World
from tests.ports import free_port
from tests.waiting import until

pytestmark = [pytest.mark.only_on("sqlite"), pytest.mark.only_on("valkey")]

#: Seconds for processes to start, on a busy machine.
PATIENCE = 60


#: What the supervisor says where it cannot be had.
NOT_SHARED = "What worker processes share could not be loaded, each loads it by itself"


class AheadPool(Pool):
    """`osmod worker tests.ahead.app`."""

    module = "tests.ahead.app"
    command = "tests.logs.osmod_worker"

    @property
    def server(self) -> psutil.Process:
        """The process that the others are forked from."""
        found = [
            one for one in psutil.Process(self.main).children() if "forkserver" in " ".join(one.cmdline())
        ]
        assert 1 == len(found)
        return found[0]


class Scene:
    """A database, a queue, and the workers on both."""

    def __init__(self, sender: JobBroker, log: Path, pools: Callable[..., Any], database: Path) -> None:
        self.log = log
        self._sender, self._pools, self._sent = sender, pools, 0
        self.engine = connect(f"sqlite:///{database}")
        upgrade(self.engine)
        self.world = World(self.engine)

    def start(self, processes: int = 2) -> AheadPool:
        """Start the worker."""
        pool: AheadPool = self._pools(
            url_of(self._sender), self.log, "-t", "1", kind=AheadPool, processes=processes, lease=1500
        )
        return pool

    def send(self, actor: str, *arguments: str) -> None:
        """Queue a job."""
        self._sent += 1
        name = f"job-{self._sent}"
        self._sender.enqueue(Message("default", actor, (name, *arguments), {}, {}))

    def seen(self, event: str, least: int = 1, but: Collection[int] = ()) -> set[int]:
        """The processes that tell so of themselves, once there are as many."""

        def found() -> set[int]:
            self.send("look")
            return self.told(event).difference(but)

        return until(lambda: pids if len(pids := found()) >= least else None, PATIENCE, event)

    def told(self, event: str) -> set[int]:
        """The processes that have told so."""
        return {process for _, process, _ in app.events(self.log, event)}


@pytest.fixture
def scene(
    sender: JobBroker,
    log: Path,
    pools: Callable[..., Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Scene]:
    """Without a worker yet."""
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/osmod.db")
    made = Scene(sender, log, pools, tmp_path / "osmod.db")
    yield made
    made.engine.dispose()


def test_the_model_is_there_before_the_first_job(scene: Scene) -> None:
    """In each process, also in one that takes the place of another; and it scores as it should."""
    scene.world.scorer({"endpointType": "local"})
    pool = scene.start()
    first = scene.seen("model,tasks", 2)
    killed = min(first)
    os.kill(killed, signal.SIGKILL)
    scene.seen("model,tasks", but=first)
    scene.send("score", "you are an idiot")
    until(lambda: app.events(scene.log, "toxic"), PATIENCE)

    assert set() == scene.told("no-model,tasks")
    assert {one.pid for one in pool.server.children()}.isdisjoint({killed})
    pool.terminate()
    assert 0 == pool.wait(PATIENCE)


def test_without_a_local_scorer_there_is_no_model(scene: Scene) -> None:
    """Switched off, or of another kind; what all jobs need is there all the same."""
    off = scene.world.scorer({"endpointType": "local"})
    with scene.engine.begin() as connection:
        connection.execute(update(User).where(User.id == off).values(is_active=False))
    scene.world.scorer({"endpointType": "assistant", "endpoint": "http://127.0.0.1:1/"})
    scene.start(1)
    scene.seen("no-model,tasks")
    scene.send("score", "thanks for the article")
    until(lambda: app.events(scene.log, "harmless"), PATIENCE)


def test_a_database_that_is_away_holds_up_no_start(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether there is a local scorer is not known then: it loads its model when it is asked."""
    monkeypatch.setenv("DATABASE_URL", f"mysql+pymysql://osmod@127.0.0.1:{free_port()}/osmod")
    scene.start(1)
    scene.seen("no-model,tasks")


def test_sighup_has_the_code_loaded_anew(scene: Scene) -> None:
    """It may be another by then: successors are forked from nothing that was loaded before."""
    pool = scene.start(1)
    before = scene.seen("no-model,tasks")
    os.kill(pool.main, signal.SIGHUP)
    after = scene.seen("no-model,no-tasks", but=before)

    assert [pool.main] == [psutil.Process(one).ppid() for one in after]


def test_what_they_are_forked_from_is_killed(scene: Scene) -> None:
    """Its processes end in order, and others take their place, forked from another one."""
    pool = scene.start()
    before = scene.seen("no-model,tasks", 2)
    server = pool.server
    server.kill()
    scene.seen("no-model,tasks", 2, but=before)
    until(lambda: not any(psutil.pid_exists(one) for one in before), PATIENCE)

    assert server.pid != pool.server.pid
    pool.terminate()
    assert 0 == pool.wait(PATIENCE)


def test_sigterm_to_the_whole_group_is_an_orderly_end(scene: Scene) -> None:
    """As a service manager sends it: what the others are forked from goes last, as it tells how they ended."""
    pool = scene.start()
    scene.seen("no-model,tasks", 2)
    server = pool.server
    os.killpg(pool.main, signal.SIGTERM)

    assert 0 == pool.wait(PATIENCE)
    until(lambda: not server.is_running(), PATIENCE)


def test_what_cannot_be_loaded_ahead_is_loaded_by_each(caplog: pytest.LogCaptureFixture) -> None:
    """Whatever is wrong with it is met again where it can be told; the next process is made without it."""
    origin = Origin("tests.ahead.failing")
    slot = Slot(parse(["no.such.module"]), origin)
    slot.start_if_due()

    assert not origin.is_shared
    assert [f"{NOT_SHARED}: unexpected EOF"] == caplog.messages

    def started() -> bool:
        slot.start_if_due()
        return slot.process is not None

    until(started, PATIENCE)
    assert 2 == until(slot.reap, PATIENCE)


def test_without_a_folder_for_its_socket(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A name that is too long for a socket, or a disk that nobody may write to: workers start all the same."""
    folder = tmp_path / ("long" * 30)
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    pool = scene.start(1)
    scene.seen("no-model,no-tasks")

    assert f"{NOT_SHARED}: AF_UNIX path too long" in pool.said()


def test_nothing_is_left_behind(scene: Scene) -> None:
    """The socket by which processes are forked goes with the command."""
    pool = scene.start(1)
    scene.seen("no-model,tasks")
    folder = Path(psutil.Process(pool.main).environ()["TMPDIR"])
    assert [*folder.iterdir()]
    pool.terminate()
    assert 0 == pool.wait(PATIENCE)

    assert [] == [*folder.iterdir()]
