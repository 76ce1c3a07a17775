"""How `periodiq worker` comes to run our scheduler; see docs/decisions/scheduler.md."""

from __future__ import annotations

import sys
from typing import Any


def install() -> None:
    """Let the `periodiq` command, if that is what runs, make our scheduler for our brokers.

    periodiq's `main` imports the broker, then makes its `Scheduler` from the periodic actors and calls
    `schedule()` and `loop()`. It looks the class up in its module only then, when `worker` was imported:
    that is where ours steps in. Nothing happens in any other process.
    """
    periodiq: Any = sys.modules.get("periodiq")
    if periodiq is None or getattr(periodiq, "Scheduler", None) is None:
        return
    stock = periodiq.Scheduler
    if getattr(stock, "of_osmod", False):
        return

    def scheduler(actors: list[Any]) -> Any:
        from osmod.jobs.schedules.middleware import SchedulesMiddleware
        from osmod.jobs.schedules.scheduler import Scheduler

        try:
            SchedulesMiddleware.of(actors[0].broker)
        except LookupError:
            return stock(actors=actors)
        # Between making a scheduler and using it, `main` sleeps up to the next minute.
        periodiq.sleep = lambda seconds: None
        return Scheduler(actors)

    scheduler.of_osmod = True  # type: ignore[attr-defined]
    periodiq.Scheduler = scheduler
