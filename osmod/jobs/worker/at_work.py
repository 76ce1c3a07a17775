"""A worker's threads that run jobs."""

from __future__ import annotations

from collections import defaultdict
from time import monotonic

from dramatiq import MessageProxy


class AtWork:
    """Who runs what. Whoever uses it sees to it that one thread does at a time.

    Attributes:
      of_queue: how many run jobs of each queue.
    """

    def __init__(self) -> None:
        self._jobs: dict[int, tuple[MessageProxy, float | None]] = {}
        self.of_queue: dict[str, int] = defaultdict(int)

    def __len__(self) -> int:
        return len(self._jobs)

    def threads(self) -> list[int]:
        """Their identifiers."""
        return list(self._jobs)

    def begin(self, thread: int, job: MessageProxy, since: float | None = None) -> None:
        """A thread runs a job from now on; `since` is no moment where how long it takes says nothing."""
        self.of_queue[job.queue_name] += 1
        self._jobs[thread] = job, since

    def end(self, thread: int) -> tuple[MessageProxy, float | None] | None:
        """What a thread has run, and since when; None: nothing that is known here."""
        ended = self._jobs.pop(thread, None)
        if ended is not None:
            self.of_queue[ended[0].queue_name] -= 1
        return ended

    def begun_within(self, seconds: float) -> set[str]:
        """The actors of which a job at work began so lately."""
        moment = monotonic() - seconds
        return {job.actor_name for job, since in self._jobs.values() if since and since > moment}
