"""Dramatiq's time limit, in a way that only ever interrupts the job whose time is over."""

from __future__ import annotations

import math
from functools import partial
from logging import Logger
from threading import get_ident
from time import monotonic

from dramatiq import Broker, MessageProxy
from dramatiq import middleware as stock
from dramatiq.middleware.time_limit import _CtypesTimeoutManager

from osmod.jobs.queue.interrupts import interrupt

#: When the job of each thread began, by the monotonic clock, and how many seconds it may run.
_runs: dict[int, tuple[float, float]] = {}


class TimeLimitExceeded(stock.TimeLimitExceeded):
    """Raised in an actor that ran for too long. Its text says for how long, and what the limit was."""

    def __init__(self) -> None:
        # Python makes it in the thread in which it is raised.
        began, limit = _runs[get_ident()]
        super().__init__(f"it ran for {monotonic() - began:.1f} s, its time limit is {limit:g} s")


class TimeLimit(stock.TimeLimit):
    """Raises `TimeLimitExceeded` in actors that run too long, as Dramatiq's `TimeLimit` does.

    Only the actor itself is interrupted: not another job that the thread has taken up meanwhile, no hook of a
    middleware, and not the worker's thread between two jobs, which would end it. See `osmod.jobs.queue.interrupts`.

    Parameters:
      time_limit: milliseconds that actors may run, unless they or a message say otherwise; `inf` for any time.
      interval: milliseconds between looks at what is over its limit.
    """

    def __init__(self, *, time_limit: float = 600_000, interval: int = 1000) -> None:
        super().__init__(time_limit=time_limit, interval=interval)
        if isinstance(self.manager, _CtypesTimeoutManager):
            self.manager = _Deadlines(interval, self.logger)

    def before_process_message(self, broker: Broker, message: MessageProxy) -> None:
        """Set the deadline of this thread."""
        options = broker.actors[message.actor_name].options if message.actor_name in broker.actors else {}
        limit = message.options.get("time_limit") or options.get("time_limit", self.time_limit)
        self.manager.add_timeout(get_ident(), limit)  # type: ignore[no-untyped-call]


class _Deadlines(_CtypesTimeoutManager):
    """When the job of each thread is over its limit.

    Each thread writes its own deadline alone, and keeps it until its job is over; the one that looks reads a
    copy, so that no lock is needed for every job. Whether the deadline is still that of the job that would be
    interrupted is asked while that job cannot end.
    """

    deadlines: dict[int, float]

    def __init__(self, interval: float, logger: Logger) -> None:
        super().__init__(interval, logger)  # type: ignore[no-untyped-call]

    def add_timeout(self, thread: int, limit: float) -> None:
        began, seconds = monotonic(), limit / 1000
        _runs[thread] = began, seconds
        self.deadlines[thread] = began + seconds

    def remove_timeout(self, thread: int) -> None:
        self.deadlines[thread] = math.inf

    def _handle_deadlines(self) -> None:
        now = monotonic()
        for thread, deadline in self.deadlines.copy().items():
            if now >= deadline and interrupt(
                thread, TimeLimitExceeded, partial(self._claim, thread, deadline)
            ):
                self.logger.warning("Time limit exceeded. Raised exception in worker thread %r.", thread)

    def _claim(self, thread: int, deadline: float) -> bool:
        if self.deadlines[thread] != deadline:
            return False
        self.remove_timeout(thread)
        return True
