"""One transaction for the message at work; what it changed is told, and what it owes queued, after its commit."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import dramatiq
from dramatiq.middleware import CurrentMessage

from osmod.moderation.work import Committed, Delivery, Work, transact
from osmod.publishers import update_notifications
from osmod.task.engine import get_engine
from osmod.task.outbox import deliver

T = TypeVar("T")


def commit(effect: Callable[[Work], T], delivery: Delivery | None = None) -> Committed[T]:
    """Run `effect` in one transaction; once it is committed, tell of its changes and queue what it owes."""
    committed = transact(get_engine(), effect, delivery)
    # Where nothing could be queued, to tell anybody would be to wait for the same Redis once more.
    if deliver(committed.owed) or not committed.owed:
        update_notifications.publish(dramatiq.get_broker(), committed.changes)
    return committed


def current_delivery(wire_name: str) -> Delivery | None:
    """The message at work in this thread; None where an actor is called as a plain function."""
    message = CurrentMessage.get_current_message()
    return Delivery(message.message_id, wire_name) if message else None
