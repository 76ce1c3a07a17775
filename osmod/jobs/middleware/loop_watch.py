"""Says which job holds up the event loop, and with it all other coroutines of the process."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

from osmod.jobs.queue.coroutines import CoroutineRun
from osmod.loop import frame_of, the_loop

_log = logging.getLogger(__name__)

#: Seconds for which the loop has not turned when that is said.
HELD_UP = 1.0
#: Calls that are named, the innermost first.
CALLS = 3


class LoopWatch:
    """Asks the loop for a sign at each look, and looks at what its thread does when that does not come.

    That costs the loop one call a look, and nothing a job.
    """

    def __init__(self) -> None:
        #: When the sign was asked for that has not come, and how often it was missed since.
        self._asked: float | None = None
        self._missed = 0
        self._said = False

    def look(self, coroutines: int) -> None:
        """Say what holds up the loop, once. Called by one thread, again and again while coroutines run.

        Parameters:
          coroutines: how many do.
        """
        if self._asked is None:
            if coroutines:
                self._asked, self._missed = time.monotonic(), 0
                the_loop().call_soon_threadsafe(self._turned)
            return
        # Missed twice: where the whole process stood still, it comes before the second look.
        self._missed += 1
        since = self._asked
        if since is None or self._said or self._missed < 2 or time.monotonic() - since < HELD_UP:
            return
        calls = list(_calls(frame_of(the_loop())))
        if not any(call.f_code is asyncio.Handle._run.__code__ for call in calls):
            return  # It waits for something to do, and is about to turn.
        self._said = True
        self._say(calls, coroutines, time.monotonic() - since)

    @staticmethod
    def _say(calls: list[FrameType], coroutines: int, seconds: float) -> None:
        jobs = [call.f_locals["job"] for call in calls if call.f_code is CoroutineRun._run.__code__]
        _log.warning(
            "The %d coroutines of this process have been held up for %.1f s by %s, at %s: what blocks belongs into "
            "asyncio.to_thread.",
            coroutines,
            seconds,
            f"job {jobs[0].message_id} of {jobs[0].actor_name}" if jobs else "what one of them started",
            ", called at ".join(
                f"{Path(call.f_code.co_filename).name}:{call.f_lineno}" for call in calls[:CALLS]
            ),
        )

    def _turned(self) -> None:
        asked, self._asked = self._asked, None
        if self._said and asked is not None:
            self._said = False
            _log.warning("The coroutines of this process went on after %.1f s.", time.monotonic() - asked)


def _calls(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back
