"""One transaction for the message at work; what it changed is told, and what it owes queued, after its commit."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import dramatiq

from osmod.jobs.errors import NoCurrentJob
from osmod.jobs.middleware.current import current_jobs
from osmod.moderation.work import Committed, Delivery, Work, transact
from osmod.publishers import update_notifications
from osmod.task.engine import get_engine
from osmod.task.outbox import deliver

T = TypeVar("T")


def commit(effect: Callable[[Work], T], *deliveries: Delivery) -> Committed[T]:
    """Run `effect` in one transaction; once it is committed, tell of its changes and queue what it owes."""
    committed = transact(get_engine(), effect, *deliveries)
    # Where nothing could be queued, to tell anybody would be to wait for the same Redis once more.
    if deliver(committed.owed) or not committed.owed:
        update_notifications.publish(dramatiq.get_broker(), committed.changes)
    return committed


def current_deliveries(wire_name: str) -> list[Delivery]:
    """The messages at work in this thread, as many as share its call; none where an actor is called as a function."""
    try:
        return [Delivery(job.id, wire_name, job.out_of_queue) for job in current_jobs()]
    except NoCurrentJob:
        return []
