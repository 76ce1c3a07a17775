"""Dramatiq's time limit, without its lock on every job."""

from __future__ import annotations

from threading import get_ident
from time import monotonic
from typing import Any

from dramatiq import Broker, MessageProxy
from dramatiq import middleware as stock


class TimeLimit(stock.TimeLimit):
    """Interrupts actors that run too long, exactly as Dramatiq's `TimeLimit` does.

    Each thread only ever writes its own deadline, and replacing a value disturbs nobody who reads the others;
    the lock is needed when a thread's first deadline makes the table grow.
    """

    def before_process_message(self, broker: Broker, message: MessageProxy) -> None:
        """Set the deadline of this thread."""
        options = broker.actors[message.actor_name].options if message.actor_name in broker.actors else {}
        limit = message.options.get("time_limit") or options.get("time_limit", self.time_limit)
        deadlines = getattr(self.manager, "deadlines", None)
        thread = get_ident()
        if deadlines is not None and thread in deadlines:
            deadlines[thread] = monotonic() + limit / 1000
        else:
            self.manager.add_timeout(thread, limit)  # type: ignore[no-untyped-call]

    def after_process_message(
        self, broker: Broker, message: MessageProxy, *, result: Any = None, exception: Any = None
    ) -> None:
        """Lift the deadline of this thread."""
        deadlines = getattr(self.manager, "deadlines", None)
        if deadlines is not None:
            deadlines[get_ident()] = None
        else:
            self.manager.remove_timeout(get_ident())  # type: ignore[no-untyped-call]

    after_skip_message = after_process_message
