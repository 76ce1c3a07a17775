"""The run of a job as a coroutine: it has no thread, is stopped as a task is, and ends on its own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from time import perf_counter
from typing import Any

from dramatiq import MessageProxy
from dramatiq.middleware import Interrupt, TimeLimitExceeded

from osmod.loop import the_loop


class CoroutineRun:
    """One run. It is made, and its task lives, on the process's loop.

    Attributes:
      began: when, by `perf_counter`.
    """

    def __init__(
        self,
        job: MessageProxy,
        function: Callable[..., Any],
        limit: float,
        over: Callable[[object], None],
        first: Callable[[Any], Awaitable[None]] | None = None,
    ) -> None:
        """Start it.

        Parameters:
          function: makes the coroutine of the job's arguments.
          limit: milliseconds that it may run.
          over: called once it has ended, on the loop.
          first: waited for before it begins, with the job; what that raises the run ends with.
        """
        self.began = perf_counter()
        self._why: Interrupt | None = None
        self._task = asyncio.get_running_loop().create_task(self._run(job, function, limit / 1000, first))
        self._task.add_done_callback(over)

    def ran(self) -> float:
        """Seconds since it began."""
        return perf_counter() - self.began

    def stop(self, why: Interrupt) -> None:
        """Cancel it; unless it ends otherwise, it ends with `why`. From any thread."""
        the_loop().call_soon_threadsafe(self._cancel, why)

    def result(self) -> Any:
        """What it returned; it is over.

        Raises:
          Exception: what it raised, or why it was stopped.
        """
        try:
            return self._task.result()
        except asyncio.CancelledError:
            if self._why is None:
                raise
            raise self._why from None

    def _cancel(self, why: Interrupt) -> None:
        if not self._task.done():
            self._why = self._why or why
            self._task.cancel()

    async def _run(
        self,
        job: MessageProxy,
        function: Callable[..., Any],
        seconds: float,
        first: Callable[[Any], Awaitable[None]] | None,
    ) -> Any:
        if first is not None:
            await first(job)
            self.began = perf_counter()
        try:
            async with asyncio.timeout(seconds) as timeout:
                return await function(*job.args, **job.kwargs)
        except TimeoutError:
            if not timeout.expired():
                raise
            raise TimeLimitExceeded(
                f"it ran for {self.ran():.1f} s, its time limit is {seconds:g} s"
            ) from None
