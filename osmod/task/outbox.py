"""The jobs that a committed change owes: queued, or left in the outbox for a later sweep."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import dramatiq
from dramatiq.errors import ActorNotFound, BrokerConnectionError

from osmod.moderation import delivery
from osmod.moderation.database import open_session
from osmod.moderation.work import Owed
from osmod.outages import Outage
from osmod.task.engine import get_engine

_log = logging.getLogger(__name__)
_outage = Outage("queue")


def deliver(owed: Sequence[Owed]) -> int:
    """Queue owed jobs and forget them in the outbox; return how many.

    Where the queue cannot be reached, or a job's actor is not known here or refuses its arguments, they stay in
    the outbox for a later sweep.
    """
    queued: list[Owed] = []
    try:
        queued.extend(job for job in owed if _enqueue(job))
    except BrokerConnectionError as error:
        _outage.met(f"what committed changes owe waits in the outbox ({error.__cause__ or error})")
    if queued:
        _outage.over()
        with open_session(get_engine()) as session:
            delivery.settle(session, queued)
            session.commit()
    return len(queued)


def _enqueue(job: Owed) -> bool:
    broker = dramatiq.get_broker()
    try:
        actor: dramatiq.Actor[..., Any] = broker.get_actor(job.actor)
    except ActorNotFound:
        _log.error(
            "the owed job %s cannot be queued: this process has no actor %r; "
            "load it, or delete the job from osmod_worker_outbox",
            job.message_id,
            job.actor,
        )
        return False
    try:
        broker.enqueue(actor.message(**job.arguments).copy(message_id=job.message_id))
    except TypeError as error:  # The others owed are not to wait for it.
        _log.error(
            "the owed job %s cannot be queued: %s; correct it in osmod_worker_outbox, or delete it there",
            job.message_id,
            error,
        )
        return False
    return True
