"""How long a stopping worker waits for its threads."""

from __future__ import annotations

import threading
import time
from typing import Any

from dramatiq.middleware.shutdown import Shutdown

from osmod.jobs.worker import signals
from osmod.jobs.worker.two_ways import TwoWays

#: Seconds that an interrupted job gets to let go.
GRACE = 2.0


class Drained(Shutdown):
    """Raised inside an actor that still runs when its worker's time to stop is over.

    The job is not failed and no attempt is counted: it goes back to its old place in the queue.
    """


class Patience:
    """Waits for a worker's threads for so many seconds; then interrupts those that run, and waits a little more."""

    def __init__(self, seconds: float, work_queue: Any) -> None:
        self._deadline = time.monotonic() + seconds
        self._work_queue = work_queue
        self._interrupted = False

    def join(self, thread: threading.Thread, timeout: float | None = None) -> None:
        """Wait for a thread, no longer than its caller would: `timeout` is in seconds."""
        if timeout is not None:
            self._deadline = min(self._deadline, time.monotonic() + timeout)
        if self._ended_by(self._deadline, thread):
            return
        if not self._interrupted:
            self._interrupted = True
            if isinstance(self._work_queue, TwoWays):
                self._work_queue.interrupt(Drained)
        self._ended_by(self._deadline + GRACE, thread)

    @staticmethod
    def _ended_by(moment: float, thread: threading.Thread) -> bool:
        # The main thread looks up now and then, for signals that were delivered to another.
        while thread.is_alive() and (left := moment - time.monotonic()) > 0:
            threading.Thread.join(thread, min(left, signals.LOOK))
        return not thread.is_alive()
