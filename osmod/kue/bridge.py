"""The bridge: takes what Kue's users queue, and tells them what became of it, until it is stopped."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial

import redis

from osmod.jobs.broker import JobBroker
from osmod.jobs.errors import JobNotQueued
from osmod.jobs.events import Watch
from osmod.jobs.wire.backoff import Backoff
from osmod.jobs.wire.link import curable
from osmod.jobs.wire.refusals import outage
from osmod.kue.keys import KueQueue
from osmod.kue.taking import GRACE, MOST_OPEN, ROUND, Taker
from osmod.kue.telling import LOOK_AGAIN, LOOKED_AT, Teller
from osmod.kue.upkeep import Strays, promote, ring
from osmod.outages import Outage

_log = logging.getLogger(__name__)

#: Seconds for which a job is waited for at most, and between two rounds of what is done now and then.
NAP = 1.0
#: How often jobs are looked at in a row, before events are read again.
LOOKS = 10
#: Seconds to wait where no more may be taken until some have ended.
FULL = 0.1


class Bridge:
    """Takes and tells in two threads of its own. Any number of bridges may be at one queue.

    Parameters:
      broker: where jobs are to run.
      kue: where they come from.
      types: which of the actors' names to take; by default all.
      most_open: see `Taker`.
      finish: whether to take nothing, and stop once Kue was told how everything ended that was taken before.
      grace: seconds after which what was taken and may not have been sent is sent again.
      look_again: seconds after which a job is looked at of which no event was heard.
    """

    def __init__(
        self,
        broker: JobBroker,
        kue: KueQueue,
        types: Sequence[str] | None = None,
        *,
        most_open: int = MOST_OPEN,
        finish: bool = False,
        grace: float = GRACE,
        look_again: float = LOOK_AGAIN,
    ) -> None:
        self._broker = broker
        self._kue = kue
        self._taker = Taker(broker, kue, () if finish else types, most_open=most_open)
        self._finish = finish
        self._grace, self._look_again = grace, look_again
        self._teller = Teller(broker, kue)
        self._strays = Strays(kue)
        self._next_upkeep = 0.0
        self._last_read = 0.001
        self._stopping = threading.Event()
        #: Whether it only tells from now on.
        self._sated = threading.Event()
        self._threads: list[threading.Thread] = []
        self._outage = Outage("the bridge to Kue: Redis")
        self._failure: Exception | None = None
        #: How many jobs it took.
        self.taken = 0

    def start(self) -> None:
        """Begin."""
        for name, loop in (("kue-taker", self._take), ("kue-teller", self._tell)):
            thread = threading.Thread(target=self._guarded, args=(loop,), name=name, daemon=True)
            self._threads.append(thread)
            thread.start()

    def take_no_more(self) -> None:
        """Go on telling, for as long as what was taken runs, and leave what waits to others."""
        self._sated.set()

    def stop(self, seconds: float = 10.0) -> bool:
        """End within so many seconds, and return whether it did. What was begun is finished, here or elsewhere."""
        self._stopping.set()
        deadline = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    @property
    def goes_on(self) -> bool:
        """Whether nobody stopped it, and nothing did."""
        return not self._stopping.is_set()

    def wait(self) -> None:
        """Return when it is stopped.

        Raises:
          Exception: what it cannot go on with.
        """
        self._stopping.wait()
        if self._failure is not None:
            raise self._failure

    def _guarded(self, loop: Callable[[], None]) -> None:
        try:
            loop()
        except Exception as error:  # noqa: BLE001 - `wait` raises it
            self._failure = error
            self._stopping.set()

    def _take(self) -> None:
        while self.goes_on and not self._sated.is_set():
            self._patiently(self._turn)
        try:
            ring(self._kue, self._taker.types)
        except (redis.RedisError, OSError) as error:
            _log.warning("Kue's own workers were not woken for what waits: %s", _sentence(error))

    def _turn(self) -> None:
        if time.monotonic() >= self._next_upkeep:
            while self._taker.recover(self._grace) == ROUND:
                continue
            promote(self._kue)
            self._strays.step(self._taker.types)
            self._next_upkeep = time.monotonic() + NAP
        if self._finish and not self._taker.open():
            self._stopping.set()
            return
        count, room = self._taker.take()
        self.taken += count
        if count:
            return
        bells = [self._kue.bell(kind) for kind in self._taker.types]
        if bells and room:
            self._kue.client.blpop(bells, timeout=NAP)
        else:
            self._stopping.wait(NAP if room else FULL)

    def _tell(self) -> None:
        watch = Watch(self._broker)
        self._patiently(watch.begin)
        next_look = 0.0
        for found in watch.follow(self._left):
            self._patiently(partial(self._teller.hear, found))
            if time.monotonic() >= next_look:
                self._patiently(self._look)
                next_look = time.monotonic() + NAP

    def _look(self) -> None:
        """At what is due to be looked at, or after a flood of which not all was heard, at a good part of it."""
        self._teller.look_back()
        for _ in range(LOOKS):
            if self._teller.look(self._look_again) < LOOKED_AT:
                return

    def _left(self) -> float:
        """Seconds for which events are read: on and on, and once more when the bridge is stopped."""
        if self.goes_on:
            return NAP
        left, self._last_read = self._last_read, 0.0
        return left

    def _patiently(self, act: Callable[[], object]) -> None:
        """Do something, and again while a Redis is away and the bridge is not stopped.

        Raises:
          Exception: what does not pass.
        """
        backoff, thread = Backoff(), threading.current_thread().name
        while True:
            try:
                act()
            except (redis.RedisError, OSError, JobNotQueued) as error:
                if not (isinstance(error, JobNotQueued) or curable(error)):
                    raise
                self._outage.met(_sentence(error), by=thread)
                if self._stopping.wait(backoff.next()):
                    return
                continue
            self._outage.over(by=thread)
            return


def _sentence(error: Exception) -> str:
    """What is wrong with one of the two Redis. Where it was not ours for sure, it may be Kue's."""
    if isinstance(error, JobNotQueued):
        return str(error)
    return outage(error).replace("REDIS_URL", "REDIS_URL or KUE_URL")
