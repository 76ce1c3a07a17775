"""A job that is owed by a transaction of somebody else's, on the same database."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import dramatiq
from sqlalchemy.orm import Session

from osmod.moderation.database import insert_all
from osmod.moderation.models import OutboxEntry
from osmod.moderation.work import Owed


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
