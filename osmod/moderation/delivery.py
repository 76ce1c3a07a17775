"""What inbox and outbox keep, and for how long: jobs still owed, and jobs that took effect."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from osmod.moderation.database import delete_before
from osmod.moderation.models import InboxEntry, OutboxEntry, now
from osmod.moderation.work import Owed

#: After this time the process that owed a job has died or could not reach the queue.
OVERDUE = timedelta(minutes=1)
#: A statement takes so many values on every database.
FORGOTTEN_AT_ONCE = 5_000
#: Longer than a job can come back after it took effect.
INBOX_KEPT = timedelta(days=30)


def overdue(session: Session, limit: int, after: int = 0) -> tuple[list[Owed], int]:
    """At most `limit` owed jobs that nobody queued, oldest first, of rows after one, and the last of these rows.

    Queueing one twice is queueing it once.
    """
    entries = session.scalars(
        select(OutboxEntry)
        .where(OutboxEntry.created_at < now() - OVERDUE, OutboxEntry.id > after)
        .order_by(OutboxEntry.id)
        .limit(limit)
    ).all()
    owed = [Owed(entry.message_id, entry.actor, entry.arguments) for entry in entries]
    return owed, entries[-1].id if entries else after


def lag(session: Session) -> tuple[int, timedelta | None]:
    """How many jobs are owed, and for how long the oldest has been; None: nothing is owed."""
    number, oldest = session.execute(select(func.count(), func.min(OutboxEntry.created_at))).one()
    return number, max(timedelta(), now() - oldest) if oldest is not None else None


def settle(session: Session, owed: Iterable[Owed]) -> None:
    """The queue has these jobs: forget them."""
    ids = [job.message_id for job in owed]
    for first in range(0, len(ids), FORGOTTEN_AT_ONCE):
        some = OutboxEntry.message_id.in_(ids[first : first + FORGOTTEN_AT_ONCE])
        session.execute(delete(OutboxEntry).where(some).execution_options(synchronize_session=False))


def prune_inbox(session: Session, limit: int) -> int:
    """Delete at most `limit` inbox rows that no redelivery can need any more, oldest first; return how many."""
    return delete_before(session, InboxEntry.message_id, InboxEntry.created_at, now() - INBOX_KEPT, limit)
