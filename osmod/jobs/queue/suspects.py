"""Jobs whose worker died: in what company they run again, so that a deadly one is found, and no other failed for it."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from itertools import chain

from dramatiq.middleware import SkipMessage

from osmod.batching import Batcher
from osmod.jobs.errors import PutOff
from osmod.jobs.queue.holdings import Holdings
from osmod.jobs.queue.job import FIRST_LOST, Job
from osmod.jobs.queue.scripts import BEGIN
from osmod.jobs.wire.backoff import Backoff
from osmod.jobs.wire.link import passes
from osmod.jobs.wire.queues import Queues
from osmod.loop import in_common

_log = logging.getLogger(__name__)

#: Seconds after which a job comes again for which there was no place in the company that runs.
COME_AGAIN = 1.0
WHY = "it runs beside fewer jobs: workers died with it"
#: Seconds that a job which is to be alone in its process waits for others to end, and for which, once it runs, no
#: other is begun beside it.
SECLUSION = 30.0
#: Seconds between looks at whether the others have ended.
PAUSE = 0.02
#: Jobs that Redis is told of in one call.
MOST = 1_000


class Suspects:
    """Those of this process. Each is announced to Redis before it runs, with how many then run beside it.

    `Job.suspect` is in what company it may be. For one that may not be in what it would find here there is another
    time; one of those that were lost for the first time, as all are in whose process another job is deadly, runs at
    once, and if it does not fit into the company, as one that nobody suspects.

    Attributes:
      stopping: whether the worker stops: nobody waits to be alone any more.

    Parameters:
      held: gives what this process holds of each queue.
      is_unwanted: whether a job was asked to stop.
      lease: milliseconds; so long is Redis waited for.
    """

    def __init__(
        self,
        broker: Queues,
        held: Callable[[], Iterable[Holdings]],
        is_unwanted: Callable[[Job], bool],
        lease: int,
    ) -> None:
        self.stopping: Callable[[], bool] = lambda: False
        self._broker = broker
        self._held = held
        self._is_unwanted = is_unwanted
        self._lease = lease
        self._lock = threading.Lock()
        self._company: list[Job] = []
        #: The job that is, or is to be, alone in this process, and until when.
        self._secluded: tuple[Job, float] | None = None
        self._together = Batcher(self._announce_together, most=MOST)

    @property
    def secluded(self) -> bool:
        """Whether no other job is to begin, for the sake of one that is to be alone."""
        one = self._secluded
        return one is not None and not one[0].ended and time.monotonic() < one[1]

    def begin(self, job: Job) -> None:
        """Called by the thread that is to run it, before it does.

        Raises:
          PutOff, SkipMessage: it is not to run here and now.
        """
        self._join(job)
        while self._is_to_wait(job):
            time.sleep(PAUSE)
        self._go(job, self._announce([job])[0])

    async def begin_coroutine(self, job: Job) -> None:
        """The same on the loop, in one call for all that begin at the same time.

        Raises:
          PutOff, SkipMessage: it is not to run here and now.
        """
        self._join(job)
        while self._is_to_wait(job):
            await asyncio.sleep(PAUSE)
        self._go(job, await self._together(job))

    def _join(self, job: Job) -> None:
        with self._lock:
            self._company = [one for one in self._company if not one.ended]
            if job.suspect is None:
                return  # Its lease has passed on: it is only asked for.
            least = min((max(1, one.suspect or 0) for one in (*self._company, job)), default=1)
            if len(self._company) < least:
                self._company.append(job)
            elif job.suspect < FIRST_LOST:
                raise PutOff(COME_AGAIN, WHY)

    def _is_to_wait(self, job: Job) -> bool:
        """Of one that is to be alone: whether it waits for other jobs to end. Not if it is not going to run."""
        if job.suspect != 0 or job.lost or self._is_unwanted(job):
            return False
        if self.stopping():
            job.hand_back()
            raise SkipMessage(f"the worker stops before {job.message_id} was alone")
        one = self._secluded
        if one is None or one[0] is not job:
            self._secluded = job, time.monotonic() + SECLUSION
        if not self._others_are_here(job):
            self._secluded = job, time.monotonic() + SECLUSION
            return False
        if self.secluded:
            return True
        job.suspect = 1  # It is the only one, and not alone.
        return False

    def _others_are_here(self, job: Job) -> bool:
        """Whether other jobs run in this process, or could begin: they have not gone back yet."""
        held = chain.from_iterable(list(one.held.values()) for one in self._held())
        return any(not one.ended and one is not job for one in held)

    @staticmethod
    def _go(job: Job, why_not: str) -> None:
        if why_not:
            job.hand_back()
            raise SkipMessage(why_not)

    async def _announce_together(self, jobs: Sequence[Job]) -> Sequence[str]:
        return await in_common(self._announce, jobs)

    def _announce(self, jobs: Sequence[Job]) -> list[str]:
        """Note who is at work, and beside how many, and ask who of these is not to run: for each why, '' if it is."""
        with self._lock:
            company = [one for one in self._company if not one.ended]
            number = len(company)
        by_queue: dict[str, dict[bytes, tuple[bytes, bytes, bytes]]] = defaultdict(dict)
        for job in jobs:
            by_queue[job.queue_name][job.id] = job.id, job.token, b""
        for job in company:
            beside = 0 if job.suspect == 0 else number
            by_queue[job.queue_name][job.id] = job.id, job.token, b"%d" % beside
        gone: set[bytes] = set()
        for queue_name, told in by_queue.items():
            try:
                gone.update(self._tell(queue_name, list(chain.from_iterable(told.values()))))
            except Exception as error:
                if not passes(error):
                    raise
                return [f"Redis has been away for the whole lease of {job.message_id}" for job in jobs]
        return [f"the lease of {job.message_id} has passed on" if job.id in gone else "" for job in jobs]

    def _tell(self, queue_name: str, told: list[bytes]) -> list[bytes]:
        backoff, give_up = Backoff(), time.monotonic() + self._lease / 1000
        base = self._broker.key_base(queue_name)
        while True:
            try:
                return list(BEGIN.run(self._broker.links, base, told))
            except Exception as error:
                if not passes(error) or time.monotonic() > give_up:
                    raise
                time.sleep(backoff.next())
