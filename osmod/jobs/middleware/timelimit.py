"""Dramatiq's time limit, in a way that only ever interrupts the job whose time is over."""

from __future__ import annotations

from functools import partial
from logging import Logger
from threading import get_ident
from time import monotonic

from dramatiq import Broker, MessageProxy
from dramatiq import middleware as stock
from dramatiq.middleware.time_limit import _CtypesTimeoutManager

from osmod.jobs.messages.time_limits import time_limit
from osmod.jobs.queue.interrupts import interrupt

#: When the job of each thread that was interrupted last began, by the monotonic clock, and how many seconds it had.
_over: dict[int, tuple[float, float]] = {}


class TimeLimitExceeded(stock.TimeLimitExceeded):
    """Raised in an actor that ran for too long. Its text says for how long, and what the limit was."""

    def __init__(self) -> None:
        # Python makes it in the thread in which it is raised.
        began, limit = _over[get_ident()]
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
        limit = time_limit(message.options, options, self.time_limit)
        self.manager.add_timeout(get_ident(), limit)  # type: ignore[no-untyped-call]


class _Deadlines(_CtypesTimeoutManager):
    """When the job of each thread is over its limit.

    Each thread notes its own run alone, and until that is over; the one that looks reads a copy, so that no lock is
    needed for every job. Whether the run is still the one that would be interrupted is asked while it cannot end.
    """

    def __init__(self, interval: float, logger: Logger) -> None:
        super().__init__(interval, logger)  # type: ignore[no-untyped-call]
        self._runs: dict[int, tuple[float, float] | None] = {}

    def add_timeout(self, thread: int, limit: float) -> None:
        self._runs[thread] = monotonic(), limit / 1000

    def remove_timeout(self, thread: int) -> None:
        self._runs[thread] = None

    def _handle_deadlines(self) -> None:
        now = monotonic()
        for thread, run in self._runs.copy().items():
            if (
                run is not None
                and now >= sum(run)
                and interrupt(thread, TimeLimitExceeded, partial(self._claim, thread, run))
            ):
                self.logger.warning("Time limit exceeded. Raised exception in worker thread %r.", thread)

    def _claim(self, thread: int, run: tuple[float, float]) -> bool:
        if self._runs[thread] is not run:
            return False
        _over[thread] = run
        self.remove_timeout(thread)
        return True
