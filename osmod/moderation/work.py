"""One job, one transaction: its effects, its inbox row and the jobs it owes are committed together or not at all."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar, cast
from uuid import UUID, uuid4, uuid5

from sqlalchemy import Connection, Engine, Table, event, insert
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.orm import Session, UOWTransaction

from osmod.moderation.database import TRIES, insert_all, is_committed, open_session
from osmod.moderation.models import Article, Category, Comment, InboxEntry, OutboxEntry, now

T = TypeVar("T")

#: How often a transaction is tried when it loses against another one.
ATTEMPTS = 8
#: Changed since last read, lock wait timeout, deadlock, and the ways in which a connection goes away.
_MYSQL_LOST = {1020, 1205, 1213, 2006, 2013, 2055}
_OWED = UUID("5a0f0d5e-6a3f-4b63-9a5b-0f2b1f6d7f10")
_ENTER = insert(cast("Table", InboxEntry.__table__))
_NOTIFIED = {Comment: "comment", Article: "article", Category: "category"}


@dataclass(frozen=True)
class Delivery:
    """The message at work, as the inbox knows it: its id, the same on every redelivery, and its actor.

    `out_of_queue`: of one that failed and that somebody had run again, between which moments it was not to run.
    """

    message_id: str
    actor: str
    out_of_queue: tuple[datetime, datetime] | None = None


@dataclass(frozen=True)
class Owed:
    """A job to be queued after the commit. `message_id` is the same however often it is queued.

    `arguments`: None where its row has been spoilt.
    """

    message_id: str
    actor: str
    arguments: dict[str, Any] | None


@dataclass
class Work:
    """What a task is given: the session of its transaction, and what is to happen once it is committed.

    `connection` is the session's, for tasks that run for every comment: statements made once, no objects kept. What the
    session has to write is flushed first.
    """

    session: Session
    connection: Connection
    deliveries: Sequence[Delivery] = ()
    now: datetime = field(default_factory=now)
    changes: dict[tuple[str, str, int], None] = field(default_factory=dict)
    owed: list[Owed] = field(default_factory=list)
    #: What is done last, right before the commit: functions, each with what it is given.
    last: dict[Callable[[Work, Any], None], Any] = field(default_factory=dict)
    _seed: str = field(default_factory=lambda: str(uuid4()))

    def changed(self, object_type: str, action: str, object_id: int) -> None:
        """Tell OSMod's servers of a change after the commit, once a transaction and object."""
        self.changes[object_type, action, object_id] = None

    def enqueue(self, actor: str, **arguments: Any) -> None:
        """Queue a job after the commit; it is queued even if this process dies right after it."""
        seed = self.deliveries[0].message_id if self.deliveries else self._seed
        self.owed.append(Owed(str(uuid5(_OWED, f"{seed}/{len(self.owed)}")), actor, arguments))


@dataclass(frozen=True)
class Committed(Generic[T]):
    """What came of a job. `repeated`: it had taken effect before, so nothing was done and `value` is None."""

    value: T | None
    changes: tuple[tuple[str, str, int], ...]
    owed: tuple[Owed, ...]
    repeated: bool = False


class MaybeCommitted(OperationalError):
    """The connection was lost as a transaction was committed, so nobody knows whether it was."""


class TakenBefore(Exception):
    """One of several messages has taken effect before: nothing was done, each is to be tried by itself."""


def transact(engine: Engine, effect: Callable[[Work], T], *deliveries: Delivery) -> Committed[T]:
    """Run `effect` in one transaction and commit it.

    With a delivery, a message that has taken effect does nothing (`repeated`). A transaction that loses
    against another (deadlock, lock timeout, lost connection) is run again, up to `ATTEMPTS` times, and for as long
    as the engine's `Patience.tries` says.

    Raises:
      OperationalError, InterfaceError: it lost every time, or the database is away for another reason.
      MaybeCommitted: the same as it was committed, where there is no delivery by which a second run would know.
      TakenBefore: of several deliveries one has taken effect. Everything is rolled back.
      Exception: whatever else `effect` raises. Everything is rolled back.
    """
    last = time.monotonic() + engine.get_execution_options().get(TRIES, math.inf)
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return _once(engine, effect, deliveries)
        except (OperationalError, InterfaceError) as error:
            if time.monotonic() > last:
                raise
            # Without an inbox row, a commit whose reply was lost must not be run again.
            if attempt == ATTEMPTS or not lost(error) or (not deliveries and error.connection_invalidated):
                raise
            time.sleep(random.uniform(0.2, 1) * min(0.01 * 2**attempt, 1.0))
    raise AssertionError("unreachable")


def _once(engine: Engine, effect: Callable[[Work], T], deliveries: Sequence[Delivery]) -> Committed[T]:
    with engine.connect() as connection, open_session(connection) as session:
        connection.begin()
        work = Work(session, connection, deliveries)
        session.info[Work] = work
        if deliveries and not _enter(connection, deliveries):
            return Committed(None, (), (), repeated=True)
        value = effect(work)
        session.flush()
        for function, given in work.last.items():
            function(work, given)
        insert_all(session, OutboxEntry, [vars(job) for job in work.owed])
        _commit(connection)
        is_committed(connection)
        return Committed(value, tuple(work.changes), tuple(work.owed))


def _commit(connection: Connection) -> None:
    try:
        connection.commit()
    except DBAPIError as error:
        if error.connection_invalidated and error.orig is not None:
            told = (error.statement, error.params, error.orig)
            raise MaybeCommitted(*told, connection_invalidated=True) from error
        raise


def _enter(connection: Connection, deliveries: Sequence[Delivery]) -> bool:
    """Write the inbox rows. False: it is there, so the message has taken effect. Waits for one in progress."""
    try:
        connection.execute(_ENTER, [{"message_id": one.message_id, "actor": one.actor} for one in deliveries])
    except IntegrityError:
        if len(deliveries) > 1:
            raise TakenBefore(f"one of {len(deliveries)} messages has taken effect before") from None
        return False
    return True


@event.listens_for(Session, "after_flush")
def _note_changes(session: Session, _context: UOWTransaction) -> None:
    work: Work | None = session.info.get(Work)
    if work is None:
        return
    for objects, action in ((session.new, "create"), (session.dirty, "modify"), (session.deleted, "delete")):
        for changed in objects:
            name = _NOTIFIED.get(type(changed))
            if name and (action != "modify" or session.is_modified(changed)):
                work.changed(name, action, changed.id)


def lost(error: DBAPIError) -> bool:
    """Whether a transaction lost against another one or lost its connection, so that another try may do."""
    code = error.orig.args[0] if error.orig and error.orig.args else None
    return error.connection_invalidated or code in _MYSQL_LOST or "database is locked" in str(error.orig)
