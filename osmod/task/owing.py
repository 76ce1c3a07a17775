"""A job that is owed by a transaction of somebody else's, on the same database, or that the queue has not taken."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import dramatiq
from sqlalchemy.orm import Session

from osmod.moderation.database import insert_all, insert_missing, open_session
from osmod.moderation.models import OutboxEntry
from osmod.moderation.work import Owed
from osmod.task.engine import get_engine


def owe(session: Session, actor: dramatiq.Actor[..., Any], /, **arguments: Any) -> Owed:
    """Write a job into the outbox, in the session's transaction: it is queued if that is committed, else never.

    Pass it to `deliver` after the commit. If that is not done, a sweep queues it one to two minutes later.

    Raises:
      BadPayload: the actor does not take such arguments.
    """
    if payload := getattr(actor.fn, "payload", None):
        arguments = payload.read((), arguments)
    owed = Owed(str(uuid4()), actor.actor_name, arguments)
    insert_all(session, OutboxEntry, [vars(owed)])
    return owed


def keep_owed(job: Owed) -> None:
    """Write a job that cannot be queued now into the outbox, once, in a transaction of its own: a sweep queues it."""
    with open_session(get_engine()) as session:
        insert_missing(session, OutboxEntry, [vars(job)])
        session.commit()
