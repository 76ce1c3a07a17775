"""Where counts are added up: in Redis for all processes together, or in this one where there is no queue."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

import redis
from dramatiq import Broker

from osmod.jobs.broker import JobBroker
from osmod.jobs.wire.scripts import Script
from osmod.metrics.tally import Counts, Name, Tally
from osmod.outages import Outage

_outage = Outage("Redis, for figures,")
_LUA = Path(__file__).parent / "lua"
_ADD, _COUNTS = Script(_LUA / "add.lua"), Script(_LUA / "counts.lua")

#: Seconds between two times that a process tells what it counted. One that is killed takes so much with it.
EVERY = 5.0
#: What stands between the parts of a name in Redis.
_BETWEEN = "\x1f"


class Store(Protocol):
    """Where counts are added up."""

    def add(self, place: str, counts: Counter[Name]) -> None:
        """Add to what was counted at a place."""

    def read(self, places: Iterable[str]) -> Counts:
        """All that was ever counted at these places."""


class RedisStore:
    """In Redis, beside the queue that was counted; kept for 90 days after the last of it."""

    def __init__(self, broker: JobBroker) -> None:
        self._broker = broker

    def add(self, place: str, counts: Counter[Name]) -> None:
        """Add to what was counted at a place.

        Raises:
          ServerError, redis.RedisError, OSError: Redis is away.
        """
        words = [part for name, number in counts.items() for part in (_BETWEEN.join(name), str(number))]
        _ADD.run(self._broker.links, self._broker.key_base(place), [word.encode() for word in words])

    def read(self, places: Iterable[str]) -> Counts:
        """All that was ever counted at these places.

        Raises:
          ServerError, redis.RedisError, OSError: Redis is away.
        """
        return {place: self._read(place) for place in places}

    def _read(self, place: str) -> Counter[Name]:
        answer = _COUNTS.run(self._broker.links, self._broker.key_base(place), [])
        pairs = zip(answer[::2], answer[1::2], strict=True)
        return Counter({tuple(name.decode().split(_BETWEEN)): int(number) for name, number in pairs})


class LocalStore:
    """In this process, which is the only one that runs what it sends."""

    def __init__(self) -> None:
        self._counts: Counts = {}

    def add(self, place: str, counts: Counter[Name]) -> None:
        """Add to what was counted at a place."""
        self._counts.setdefault(place, Counter()).update(counts)

    def read(self, places: Iterable[str]) -> Counts:
        """All that was ever counted at these places."""
        return {place: Counter(self._counts.get(place, {})) for place in places}


def store_of(broker: Broker) -> Store:
    """Where what is counted around a broker is added up."""
    return RedisStore(broker) if isinstance(broker, JobBroker) else LocalStore()


def hand_over(tally: Tally, store: Store) -> None:
    """Have the store add what was counted here.

    Raises:
      ServerError, redis.RedisError, OSError: Redis is away; it is kept for the next time.
    """
    counts = tally.take()
    try:
        for place in list(counts):
            store.add(place, counts[place])
            del counts[place]
    finally:
        tally.put_back(counts)


class HandingOver(threading.Thread):
    """Hands over what this process counts, every few seconds, and once more when it is stopped."""

    def __init__(self, tally: Tally, store: Store) -> None:
        super().__init__(name="metrics", daemon=True)
        self._tally, self._store = tally, store
        self._stopping = threading.Event()

    def run(self) -> None:
        """Do so until told to stop."""
        while not self._stopping.wait(EVERY):
            self._hand_over()
        self._hand_over()

    def stop(self) -> None:
        """Hand over what is left, and end."""
        self._stopping.set()
        self.join()

    def _hand_over(self) -> None:
        try:
            hand_over(self._tally, self._store)
        except (redis.RedisError, OSError) as error:
            _outage.met(f"what was counted is not told yet: {error}")
        else:
            _outage.over()
