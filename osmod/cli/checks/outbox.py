"""The outbox: jobs that committed changes owe, and that are not queued yet."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import func, select

from osmod.cli.checks.database import open_database
from osmod.cli.checks.finding import Finding, ok, warning
from osmod.cli.checks.queue import WAIT
from osmod.cli.queue_access import counted
from osmod.jobs.records.glance import length
from osmod.moderation.delivery import OVERDUE
from osmod.moderation.models import OutboxEntry, now
from osmod.settings import Settings


def check_outbox(settings: Settings) -> Iterator[Finding]:
    """Whether jobs have been owed for longer than it takes to queue them."""
    moment = now()
    rows = select(func.count(), func.min(OutboxEntry.created_at)).where(
        OutboxEntry.created_at < moment - OVERDUE
    )
    with open_database(settings) as session:
        number, oldest = session.execute(rows).one()
    yield judge(number, oldest, moment)


def judge(number: int, oldest: datetime | None, moment: datetime) -> Finding:
    """What so many rows that should be gone mean."""
    if oldest is None:
        return ok(f"nothing has been owed for more than {length(OVERDUE)}")
    longest: timedelta = moment - oldest
    return warning(
        f"{counted(number, *WAIT)} in the outbox, owed by committed changes, the oldest for {length(longest)}: "
        "`osmod schedules run sweepOutbox` queues them, as `periodiq worker` does every minute."
    )
