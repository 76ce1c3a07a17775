"""How long a worker that stops waits for its threads."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from osmod.jobs.worker.signals import LOOK


class Patience:
    """One time for all threads of a worker, however many are waited for one after the other.

    Parameters:
      seconds: until what still runs is interrupted, once.
      grace: seconds that it gets after that.
      interrupt: interrupts it.
    """

    def __init__(self, seconds: float, grace: float, interrupt: Callable[[], object]) -> None:
        self._deadline = time.monotonic() + seconds
        self._grace = grace
        self._interrupt = interrupt
        self._interrupted = False

    def join(self, thread: threading.Thread, timeout: float | None = None) -> None:
        """Wait for a thread; all of them no longer than `timeout` seconds, if the caller says how long."""
        if timeout is not None:
            self._deadline = min(self._deadline, time.monotonic() + timeout)
        if _ended_by(self._deadline, thread):
            return
        if not self._interrupted:
            self._interrupted = True
            self._interrupt()
        _ended_by(self._deadline + self._grace, thread)


def _ended_by(moment: float, thread: threading.Thread) -> bool:
    # The main thread looks up now and then, for signals that were delivered to another.
    while thread.is_alive() and (left := moment - time.monotonic()) > 0:
        threading.Thread.join(thread, min(left, LOOK))
    return not thread.is_alive()
