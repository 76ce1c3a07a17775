"""What can happen to a transaction: deadlocks, locks, lost connections, killed processes. All or nothing, once."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event, insert, select, update
from sqlalchemy.exc import OperationalError

from osmod.moderation import decisions
from osmod.moderation.database import connect
from osmod.moderation.models import Article, Base, Comment, Decision, InboxEntry, OutboxEntry, Tag
from osmod.moderation.work import ATTEMPTS, Delivery, MaybeCommitted, Work, transact
from tests.moderation.waiting import in_thread, until_waiting
from tests.moderation.world import World

DELIVERY = Delivery("0123-45", "acceptComments")
ROOT = Path(__file__).parents[2]


def accept(comment: int) -> Callable[[Work], None]:
    """The effect of `acceptComments`."""
    return lambda work: decisions.decide(work, "Accept", [decisions.Act(comment, None)])


@pytest.mark.only_on("mariadb")
def test_deadlock(world: World) -> None:
    """A transaction that loses a deadlock is run again: its effect is there once, and nobody hears of it."""
    article = world.article()
    one, other = world.comment(article), world.comment(article)
    holds_one = threading.Event()
    tries: list[int] = []

    def effect(work: Work) -> None:
        tries.append(1)
        accept(one)(work)
        holds_one.set()
        if len(tries) == 1:
            until_waiting(world.engine, 1)  # the opponent holds `other` and waits for `one`
        accept(other)(work)

    def oppose() -> None:
        with world.engine.begin() as opponent:
            # Much to undo: InnoDB ends the transaction that has less.
            opponent.execute(update(Comment).where(Comment.id == other).values(text="y"))
            opponent.execute(insert(Tag), [{"label": f"{n}", "color": "", "key": f"{n}"} for n in range(500)])
            assert holds_one.wait(120)
            opponent.execute(update(Comment).where(Comment.id == one).values(text="y"))

    with in_thread(oppose) as opponent:
        assert not world.do(effect, DELIVERY).repeated
    opponent.result()
    assert 2 == len(tries), "the deadlock was real"
    assert [one, other] == [d.comment_id for d in world.all(Decision)]
    assert ["y", "y"] == [comment.text for comment in world.all(Comment)]
    assert [] == world.miscounted()


@pytest.mark.only_on("mariadb")
def test_lock_wait_timeout(world: World) -> None:
    """A transaction that waited too long for a lock is run again."""
    comment = world.comment(world.article())
    impatient = connect(world.engine.url.render_as_string(hide_password=False))
    event.listen(impatient, "connect", _wait_a_second)
    holder = world.engine.connect()
    holder.execute(select(Comment.id).where(Comment.id == comment).with_for_update())
    tries: list[int] = []

    def effect(work: Work) -> None:
        tries.append(1)
        if len(tries) == 2:
            holder.rollback()
        accept(comment)(work)

    with holder:
        assert not transact(impatient, effect, DELIVERY).repeated
    impatient.dispose()
    assert 2 == len(tries)
    assert 1 == world.size(Decision)


def _wait_a_second(connection: Any, _record: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET innodb_lock_wait_timeout = 1")


def test_sqlite_is_locked(tmp_path: Path) -> None:
    """On SQLite, too: a transaction that another process keeps from starting is run again."""
    url = f"sqlite:///{tmp_path / 'osmod.db'}"
    first = connect(url)
    Base.metadata.create_all(first)
    impatient = connect(url)
    event.listen(impatient, "connect", lambda c, _record: c.execute("PRAGMA busy_timeout = 20"))
    holder = first.connect()
    holder.exec_driver_sql("SELECT 1")  # begins, and holds the one writer's place
    failures: list[str] = []

    @event.listens_for(impatient, "handle_error")
    def release(context: Any) -> None:
        failures.append(str(context.original_exception))
        holder.rollback()

    assert not transact(impatient, lambda work: None, DELIVERY).repeated
    assert ["database is locked"] == failures
    holder.close()
    first.dispose()
    impatient.dispose()


@pytest.mark.only_on("mariadb")
def test_a_connection_lost_midway(world: World) -> None:
    """The server ends the connection between two statements: the job is run again, nothing is doubled."""
    article = world.article()
    comment = world.comment(article)
    tries: list[int] = []

    def effect(work: Work) -> None:
        tries.append(1)
        accept(comment)(work)
        if len(tries) == 1:
            _kill(world, work.session.connection())

    assert not world.do(effect, DELIVERY).repeated
    assert 2 == len(tries)
    assert [(comment, True)] == [(d.comment_id, d.is_current_decision) for d in world.all(Decision)]
    assert [] == world.miscounted()


@pytest.mark.only_on("mariadb")
def test_a_commit_whose_reply_was_lost(world: World) -> None:
    """The commit went through, its reply did not: the inbox keeps the second run from doubling it."""
    comment = world.comment(world.article())
    tries: list[int] = []
    _lose_the_next_reply(world)

    def effect(work: Work) -> None:
        tries.append(1)
        accept(comment)(work)

    committed = world.do(effect, DELIVERY)
    assert (True, 1) == (committed.repeated, len(tries))
    assert 1 == world.size(Decision)
    assert [] == world.miscounted()


@pytest.mark.only_on("mariadb")
def test_a_commit_whose_reply_was_lost_without_a_job(world: World) -> None:
    """As when a moderator acts on a page: nobody can say that nothing was changed, and nobody does."""
    comment = world.comment(world.article())
    _lose_the_next_reply(world)

    with pytest.raises(MaybeCommitted):
        world.do(accept(comment))
    assert 1 == world.size(Decision)


@pytest.mark.only_on("mariadb")
def test_a_lost_connection_without_a_job(world: World) -> None:
    """Without an inbox row nobody could tell whether it was committed, so it is not run again."""
    comment = world.comment(world.article())
    tries: list[int] = []

    def effect(work: Work) -> None:
        tries.append(1)
        accept(comment)(work)
        _kill(world, work.session.connection())

    with pytest.raises(OperationalError) as raised:
        world.do(effect)
    assert not isinstance(raised.value, MaybeCommitted)
    assert 1 == len(tries)
    assert 0 == world.size(Decision)


def _kill(world: World, connection: Connection) -> None:
    number = connection.connection.thread_id()
    with world.engine.connect() as other:
        other.exec_driver_sql(f"KILL {number}")


def _lose_the_next_reply(world: World) -> None:
    """The next commit goes through, and its connection is lost before the reply."""
    lost: list[int] = []

    @event.listens_for(world.engine, "commit")
    def commit_and_lose(connection: Connection) -> None:
        if not lost:
            lost.append(1)
            connection.connection.commit()
            _kill(world, connection)


@pytest.mark.only_on("mariadb")
def test_it_does_not_try_for_ever(world: World) -> None:
    """A transaction that always loses fails in the end with the database's error, and leaves nothing."""
    comment = world.comment(world.article())
    tries: list[int] = []

    def effect(work: Work) -> None:
        tries.append(1)
        accept(comment)(work)
        _kill(world, work.session.connection())
        work.session.scalar(select(Article.id))

    with pytest.raises(OperationalError):
        world.do(effect, DELIVERY)
    assert ATTEMPTS == len(tries)
    assert (0, 0) == (world.size(Decision), world.size(InboxEntry))


KILLED = """
import os, signal, sys
from sqlalchemy import event
from osmod.moderation import decisions, work
from osmod.moderation.database import connect
from osmod.moderation.work import Delivery, transact

url, comment, when = sys.argv[1], int(sys.argv[2]), sys.argv[3]

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL) if sys.platform != "win32" else os._exit(9)

def effect(job):
    decisions.decide(job, "Accept", [decisions.Act(comment, None)])
    job.enqueue("hook", comment_id=comment)
    if when == "midway":
        die()

engine = connect(url)
if when == "before commit":
    event.listen(engine, "commit", die)
if when == "after commit":
    work.is_committed = die
transact(engine, effect, Delivery("0123-45", "acceptComments"))
"""


@pytest.mark.parametrize(
    ("when", "done"), [("midway", False), ("before commit", False), ("after commit", True)]
)
def test_a_process_that_is_killed(world: World, database_url: str, when: str, done: bool) -> None:
    """A worker killed at any point has done all or nothing; a redelivery leaves exactly one effect."""
    article = world.article(world.category())
    comment = world.comment(article)
    before = world.dump()
    killed = subprocess.run([sys.executable, "-c", KILLED, database_url, str(comment), when], cwd=ROOT)
    assert 0 != killed.returncode
    if not done:
        assert before == world.dump()
    assert int(done) == world.size(Decision) == world.size(OutboxEntry) == world.size(InboxEntry)

    def again(work: Work) -> None:
        accept(comment)(work)
        work.enqueue("hook", comment_id=comment)

    assert done is world.do(again, DELIVERY).repeated
    assert [True] == [d.is_current_decision for d in world.all(Decision)]
    assert ["hook"] == [row.actor for row in world.all(OutboxEntry)]
    assert [] == world.miscounted()
