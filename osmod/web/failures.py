"""How often an address showed tokens that do not count: counted in Redis, for all servers together."""

from __future__ import annotations

import hashlib
import ipaddress
import logging
import threading
import time
from collections.abc import Callable
from typing import Any

import redis

_log = logging.getLogger(__name__)

#: So many in so many seconds are answered with 401; more of them with 429.
LIMIT = 30
WINDOW = 60
#: Keys that there are at most in a window; addresses share them, so that nobody fills Redis by having many.
BUCKETS = 65_536
#: Threads that ask Redis at a time, lest one that hangs holds up all of them; what comes besides is not counted.
ASKING = 4
#: Seconds for which Redis is not asked once it did not answer.
PAUSE = 10.0


class Failures:
    """Counts failures by address. Where Redis is away or there is none, nobody is held up.

    Tokens that count pass all the same: many clients may come from the address of one proxy.

    Parameters:
      get_broker: a broker on Redis, or None; asked for when it is needed.
    """

    def __init__(self, get_broker: Callable[[], Any]) -> None:
        self._get_broker = get_broker
        self._silent_until = 0.0
        self._asking = threading.BoundedSemaphore(ASKING)

    def too_many(self, address: str) -> bool:
        """Note a failure; whether there were too many."""
        if time.monotonic() < self._silent_until or (broker := self._get_broker()) is None:
            return False
        if not self._asking.acquire(blocking=False):
            return False
        try:
            return self._count(broker, address) > LIMIT
        except redis.RedisError as error:
            self._silent_until = time.monotonic() + PAUSE
            _log.warning("tokens that do not count are not counted for %d s: %s", PAUSE, error)
            return False
        finally:
            self._asking.release()

    def _count(self, broker: Any, address: str) -> int:
        window = int(time.time()) // WINDOW
        # Below the queue's names, and by commands that every program may use: no rights are needed for it.
        key = f"{broker.namespace}:{{web}}:failures:{window}:{_bucket(address)}"
        with broker.client.pipeline(transaction=False) as pipeline:
            pipeline.hincrby(key, "count", 1)
            pipeline.pexpire(key, 2 * WINDOW * 1000)
            return int(pipeline.execute()[0])


def _bucket(address: str) -> int:
    """One of a bounded number of names. Of an IPv6 address the first half counts: the rest is its owner's to choose."""
    try:
        parsed = ipaddress.ip_address(address)
        if parsed.version == 6:
            address = str(ipaddress.ip_network((parsed, 64), strict=False))
    except ValueError:
        pass  # no address: a socket's path, or a test's client
    return int.from_bytes(hashlib.sha256(address.encode()).digest()[:4]) % BUCKETS
