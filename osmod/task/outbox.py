"""The jobs that a committed change owes: queued, or left in the outbox for a later sweep."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from typing import Any

import dramatiq
from dramatiq.errors import ActorNotFound, BrokerConnectionError

from osmod.moderation import delivery
from osmod.moderation.database import open_session
from osmod.moderation.work import Owed
from osmod.outages import Outage
from osmod.task.engine import get_engine

#: Owed jobs that a sweep reads in one statement.
BATCH = 1_000

_log = logging.getLogger(__name__)
_outage = Outage("queue")


def deliver(owed: Sequence[Owed]) -> int:
    """Queue owed jobs and forget them in the outbox; return how many.

    Where the queue cannot be reached, or a job's actor is not known here or refuses its arguments, they stay in
    the outbox for a later sweep.
    """
    return _deliver(owed)[0]


def sweep() -> None:
    """Queue what is overdue, oldest first, unless the queue is away. What cannot be queued holds up nothing else."""
    number, after, reached = BATCH, 0, True
    while number == BATCH and reached:
        with open_session(get_engine()) as session:
            owed, after = delivery.overdue(session, BATCH, after)
        number = len(owed)
        _, reached = _deliver(owed)


def _deliver(owed: Sequence[Owed]) -> tuple[int, bool]:
    """What `deliver` does; and whether the queue was reached."""
    queued: list[Owed] = []
    reached = True
    try:
        for jobs in _queue(owed):
            queued += jobs
    except BrokerConnectionError as error:
        reached = False
        _outage.met(f"what committed changes owe waits in the outbox ({error.__cause__ or error})")
    if queued:
        _outage.over()
        with open_session(get_engine()) as session:
            delivery.settle(session, queued)
            session.commit()
    return len(queued), reached


def _queue(owed: Sequence[Owed]) -> Iterator[Sequence[Owed]]:
    """Queue the jobs, all at once where the broker can; yield those that it has."""
    send_many = getattr(dramatiq.get_broker(), "send_many", None)
    known = [(job, actor) for job in owed if (actor := _actor_of(job)) is not None]
    if send_many is not None and len(known) > 1:
        try:
            send_many([_message(job, actor) for job, actor in known])
        except TypeError:  # One is refused, so none was sent; the others are not to wait for it.
            pass
        else:
            yield [job for job, _ in known]
            return
    for job, actor in known:
        if _enqueue(job, actor):
            yield [job]


def _actor_of(job: Owed) -> dramatiq.Actor[..., Any] | None:
    try:
        return dramatiq.get_broker().get_actor(job.actor)
    except ActorNotFound:
        _log.error(
            "the owed job %s cannot be queued: this process has no actor %r; "
            "load it, or delete the job from osmod_worker_outbox",
            job.message_id,
            job.actor,
        )
        return None


def _enqueue(job: Owed, actor: dramatiq.Actor[..., Any]) -> bool:
    try:
        dramatiq.get_broker().enqueue(_message(job, actor))
    except TypeError as error:
        _log.error(
            "the owed job %s cannot be queued: %s; correct it in osmod_worker_outbox, or delete it there",
            job.message_id,
            error,
        )
        return False
    return True


def _message(job: Owed, actor: dramatiq.Actor[..., Any]) -> dramatiq.Message[Any]:
    if job.arguments is None:
        raise TypeError("its arguments are no JSON object")
    return dramatiq.Message(
        queue_name=actor.queue_name,
        actor_name=actor.actor_name,
        args=(),
        kwargs=job.arguments,
        options={},
        message_id=job.message_id,
    )
