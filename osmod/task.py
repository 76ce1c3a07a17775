"""Where a job meets the database: an actor whose body is one transaction.

`@task("wireName")` makes a Dramatiq actor of a function on a `Work`. Around it: the payload is checked, the
inbox row makes a redelivery a no-op, and after the commit OSMod's servers are told what changed and the
jobs that the change owes are queued.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from functools import cache, wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

import dramatiq
from dramatiq.errors import ActorNotFound, BrokerConnectionError
from dramatiq.middleware import CurrentMessage, TimeLimitExceeded
from sqlalchemy import Engine
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from osmod.moderation import delivery
from osmod.moderation.database import connect, open_session
from osmod.moderation.errors import Refused
from osmod.moderation.migrations import upgrade
from osmod.moderation.work import Committed, Delivery, Owed, Work, transact
from osmod.payload import Payload
from osmod.publishers import update_notifications
from osmod.scorers import BadScorerConfig, ScorerError
from osmod.settings import get_settings

P = ParamSpec("P")
T = TypeVar("T")
log = logging.getLogger(__name__)

TRANSIENT: tuple[type[BaseException], ...] = (
    OperationalError,
    InterfaceError,
    PoolTimeout,
    BrokerConnectionError,
    ConnectionError,
    TimeoutError,
    TimeLimitExceeded,
    ScorerError,
)
"""Failures that may pass by themselves. All others would come again, and make a dead letter at once."""


_opening = threading.Lock()


def get_engine() -> Engine:
    """This process's connection pool to the database of the settings. SQLite, for laptops, sets itself up."""
    with _opening:
        return _open_engine(get_settings().database_url)


@cache
def _open_engine(url: str) -> Engine:
    engine = connect(url)
    if engine.dialect.name == "sqlite":
        upgrade(engine)
    return engine


def retry(times: int, *, first: int, longest: int) -> dict[str, Any]:
    """Actor options: retry transient failures `times` times, waiting `first` to `longest` milliseconds."""
    return {
        "throws": (Refused, BadScorerConfig),
        "retry_when": lambda retries, error: retries < times and isinstance(error, TRANSIENT),
        "min_backoff": first,
        "max_backoff": longest,
    }


DATABASE_RETRIES = retry(12, first=1_000, longest=300_000)
"""About half an hour: a database that restarts or fails over is back by then."""


def task(
    wire_name: str, **options: Any
) -> Callable[[Callable[Concatenate[Work, P], None]], dramatiq.Actor[P, None]]:
    """Make an actor of a function on a `Work`: one transaction, once a message.

    `options` are the actor's (`priority`, `time_limit` in milliseconds, …); its retries are
    `DATABASE_RETRIES` unless given.
    """

    def make(function: Callable[Concatenate[Work, P], None]) -> dramatiq.Actor[P, None]:
        payload = Payload(wire_name, function, skip=1)

        @wraps(function)
        def run(*args: Any, **kwargs: Any) -> None:
            arguments = payload.read(args, kwargs)
            commit(lambda work: function(work, **arguments), current_delivery(wire_name))  # type: ignore[call-arg]

        payload.describe(run)
        return dramatiq.actor(run, actor_name=wire_name, **(DATABASE_RETRIES | payload.found_by() | options))  # type: ignore[call-overload, no-any-return]

    return make


def commit(effect: Callable[[Work], T], delivery: Delivery | None = None) -> Committed[T]:
    """Run `effect` in one transaction; once it is committed, tell of its changes and queue what it owes."""
    committed = transact(get_engine(), effect, delivery)
    update_notifications.publish(dramatiq.get_broker(), committed.changes)
    deliver(committed.owed)
    return committed


def current_delivery(wire_name: str) -> Delivery | None:
    """The message at work in this thread; None where an actor is called as a plain function."""
    message = CurrentMessage.get_current_message()
    return Delivery(message.message_id, wire_name) if message else None


def deliver(owed: Sequence[Owed]) -> int:
    """Queue owed jobs and forget them in the outbox; return how many.

    Where the queue cannot be reached, or a job's actor is not known here, they stay in the outbox for a
    later sweep.
    """
    queued: list[Owed] = []
    try:
        queued.extend(job for job in owed if _enqueue(job))
    except BrokerConnectionError as error:
        log.warning("%d owed jobs wait in the outbox: %s", len(owed) - len(queued), error)
    if queued:
        with open_session(get_engine()) as session:
            delivery.settle(session, queued)
            session.commit()
    return len(queued)


def _enqueue(job: Owed) -> bool:
    broker = dramatiq.get_broker()
    try:
        actor: dramatiq.Actor[..., Any] = broker.get_actor(job.actor)
    except ActorNotFound:
        log.error(
            "the owed job %s cannot be queued: this process has no actor %r; "
            "load it, or delete the job from osmod_worker_outbox",
            job.message_id,
            job.actor,
        )
        return False
    broker.enqueue(actor.message(**job.arguments).copy(message_id=job.message_id))
    return True
