"""Dramatiq's notifications of a shutdown, in a way that only ever interrupts jobs that asked for them."""

from __future__ import annotations

from functools import partial
from operator import contains

from dramatiq import middleware as stock
from dramatiq.middleware.shutdown import Shutdown, _CtypesShutdownManager

from osmod.jobs.queue.interrupts import interrupt


class ShutdownNotifications(stock.ShutdownNotifications):
    """Raises `Shutdown` in actors with `notify_shutdown` when their worker begins to stop, as Dramatiq's does.

    One whose actor is over is let go in peace; see `osmod.jobs.queue.interrupts`.

    Parameters:
      notify_shutdown: whether actors are interrupted that do not say.
    """

    #: Its hooks are those of Dramatiq's: without the option that they look for, there is nothing to call.
    rests_as = stock.ShutdownNotifications

    def __init__(self, notify_shutdown: bool = False) -> None:
        super().__init__(notify_shutdown)
        if isinstance(self.manager, _CtypesShutdownManager):
            self.manager = _Notifications(self.logger)  # type: ignore[no-untyped-call]


class _Notifications(_CtypesShutdownManager):
    def shutdown(self) -> None:
        for thread in self.notifications.copy():
            # Asked again: the thread may be at another job by now, which did not ask for it.
            if interrupt(thread, Shutdown, partial(contains, self.notifications, thread)):
                self.logger.info(
                    "Worker shutdown notification. Raised exception in worker thread %r.", thread
                )
