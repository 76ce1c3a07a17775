"""The jobs that belong to one request to a scorer: their ids, and which of them the queue still has.

An id is made of the request's row and when it was opened: the same however often a job is delivered, and another
for every new request, even where a database gives the id of a deleted row again.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID, uuid5

import dramatiq
from sqlalchemy import select

from osmod.jobs.broker import JobBroker
from osmod.jobs.records.reading import unended
from osmod.moderation.database import open_session
from osmod.moderation.models import OutboxEntry
from osmod.task.engine import get_engine

_REQUESTS = UUID("0d1f6f0e-7c56-4d0b-8a6e-3d0d3a0d6d55")


def ask_id(request_id: int, sent_at: datetime) -> str:
    """The id of the job that asks the scorer."""
    return _id("ask", request_id, sent_at)


def answer_id(request_id: int, sent_at: datetime) -> str:
    """The id of the job that takes the answer in."""
    return _id("answer", request_id, sent_at)


def miss_id(request_id: int, sent_at: datetime) -> str:
    """The id of the job that gives up waiting for an answer that was to come later."""
    return _id("miss", request_id, sent_at)


def still_queued(message_ids: Iterable[str]) -> set[str]:
    """Those of these jobs that wait, are delayed or run. None where there is no queue."""
    broker = dramatiq.get_broker()
    ids = list(message_ids)
    return unended(broker, "default", ids) if isinstance(broker, JobBroker) and ids else set()


def is_answered(request_id: int, sent_at: datetime) -> bool:
    """Whether its answer is about to be stored: it is in the queue, or owed to it."""
    found = answer_id(request_id, sent_at)
    if still_queued([found]):
        return True
    with open_session(get_engine()) as session:
        return session.scalar(select(OutboxEntry.id).where(OutboxEntry.message_id == found)) is not None


def _id(job: str, request_id: int, sent_at: datetime) -> str:
    return str(uuid5(_REQUESTS, f"{job}/{request_id}/{sent_at:%Y-%m-%dT%H:%M:%S}"))
