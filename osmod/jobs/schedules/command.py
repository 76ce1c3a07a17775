"""How `periodiq worker` comes to run our scheduler; see docs/decisions/scheduler.md."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from typing import Any, Protocol

_log = logging.getLogger(__name__)


class Runnable(Protocol):
    """What `periodiq` asks of a scheduler, in this order."""

    def schedule(self) -> None:
        """Begin."""

    def loop(self) -> None:
        """Run to the end."""


class Off:
    """Schedules nothing, and says so."""

    def schedule(self) -> None:
        """Say what will happen."""
        _log.warning(
            "Scheduled tasks are off (WORKER_RUN_SCHEDULED_TASKS is false): nothing will be scheduled."
        )

    def loop(self) -> None:
        """Be over at once."""


def install(ours: Callable[[list[Any]], Runnable | None]) -> None:
    """Let the `periodiq` command, if that is what runs, take its scheduler from `ours`.

    periodiq's `main` imports the broker, then makes its `Scheduler` from the periodic actors and calls
    `schedule()` and `loop()`. It looks the class up in its module only then, when `worker` was imported:
    that is where ours steps in. Nothing happens in any other process.

    Parameters:
      ours: makes the scheduler of these actors; None leaves them to periodiq's own.
    """
    periodiq: Any = sys.modules.get("periodiq")
    if periodiq is None or getattr(periodiq, "Scheduler", None) is None:
        return
    stock = periodiq.Scheduler
    if getattr(stock, "of_osmod", False):
        return

    def scheduler(actors: list[Any]) -> Any:
        found = ours(actors)
        if found is None:
            return stock(actors=actors)
        # Between making a scheduler and using it, `main` sleeps up to the next minute.
        periodiq.sleep = lambda seconds: None
        return found

    scheduler.of_osmod = True  # type: ignore[attr-defined]
    periodiq.Scheduler = scheduler
