"""How long a process waits for a database that hangs, or for what another transaction holds."""

from __future__ import annotations

import socket
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import Engine, event, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from osmod.moderation.database import OF_JOBS, OF_REQUESTS, Patience, connect
from osmod.moderation.lookups import lock_comment
from osmod.moderation.models import Comment
from osmod.moderation.work import Work, transact
from osmod.task import engine as task_engine
from osmod.task import get_engine
from osmod.web import serving
from tests.moderation.world import World

SHORT = Patience(connect=1, answer=2, lock=1, pool=1, tries=0)


def test_requests_wait_seconds() -> None:
    """Whatever it is that they wait for, and whatever follows from it."""
    assert 10 >= OF_REQUESTS.lock + OF_REQUESTS.tries
    assert OF_REQUESTS.lock < OF_REQUESTS.answer <= 5
    assert OF_REQUESTS.lock < OF_JOBS.lock


def test_a_server_makes_requests_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of its processes, whichever way it begins; other processes wait as jobs do."""
    told: list[Patience] = []
    monkeypatch.setattr(serving, "be_patient", told.append)
    monkeypatch.setattr(serving, "write_log", lambda settings: None)
    serving.make_app()
    assert [OF_REQUESTS] == told


def test_a_database_that_hangs() -> None:
    """It takes connections, as the system does for a stopped process, and says nothing."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"mysql+pymysql://root@127.0.0.1:{silent.getsockname()[1]}/osmod"
        began = time.monotonic()
        with pytest.raises(OperationalError):
            connect(url, patience=SHORT).connect()
    assert time.monotonic() - began < 30


@pytest.mark.only_on("sqlite")
def test_a_locked_file_is_waited_for_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite is set up where it is first asked for: threads that come meanwhile hear what the first one hears."""
    monkeypatch.setattr(
        task_engine, "get_settings", lambda: SimpleNamespace(database_url=f"sqlite:///{tmp_path}/x")
    )
    threads, tries = 5, []
    entered, locked = threading.Semaphore(0), threading.Event()

    def upgrade(engine: Engine) -> None:
        tries.append(1)
        assert locked.wait(120)
        raise OperationalError("BEGIN IMMEDIATE", None, sqlite3.OperationalError("database is locked"))

    def ask() -> None:
        entered.release()
        with pytest.raises(OperationalError):
            get_engine()

    monkeypatch.setattr(task_engine, "upgrade", upgrade)
    with ThreadPoolExecutor(threads) as asking:
        asked = [asking.submit(ask) for _ in range(threads)]
        for _ in range(threads):
            assert entered.acquire(timeout=120)
        locked.set()
        for one in asked:
            one.result()
    assert len(tries) < threads
    monkeypatch.setattr(task_engine, "upgrade", lambda engine: None)
    assert get_engine() is get_engine()
    get_engine().dispose()


def test_what_is_locked(world: World) -> None:
    """Is waited for once, where a job would try again."""
    comment = world.comment(world.article())
    impatient = connect(world.engine.url.render_as_string(hide_password=False), patience=SHORT)
    tries: list[object] = []
    event.listen(impatient, "checkout", lambda *_: tries.append(1))

    def effect(work: Work) -> None:
        lock_comment(work.session, comment)

    with world.engine.connect() as holder:
        holder.execute(select(Comment.id).where(Comment.id == comment).with_for_update())
        with pytest.raises(OperationalError):
            transact(impatient, effect)
    assert 1 == len(tries)
    transact(impatient, effect)
    impatient.dispose()


def test_connections_that_are_all_in_use(world: World) -> None:
    """Are waited for as long as is said."""
    impatient = connect(world.engine.url.render_as_string(hide_password=False), patience=SHORT)
    began = time.monotonic()
    with ExitStack() as taken, pytest.raises(PoolTimeout):
        _take_all(impatient, taken)
    assert time.monotonic() - began < 30
    impatient.dispose()


def _take_all(engine: Engine, taken: ExitStack) -> None:
    for _ in range(100):
        taken.enter_context(engine.connect())
