"""A consumer's sleep: in Redis, until a job is sent or due, or has lost its worker."""

from __future__ import annotations

import time

from osmod.jobs.wire.connection import ANSWER_TIMEOUT
from osmod.jobs.wire.link import Link
from osmod.jobs.wire.resp import pack


class Sleeper:
    """One blocking command at a time, on a connection of its own. It stays under way while its caller does else."""

    def __init__(self, link: Link, base: bytes) -> None:
        self._link = link
        self._base = base
        self._until = 0.0

    @property
    def asleep(self) -> bool:
        """Whether the command is under way."""
        return self._until > 0

    def fall_asleep(self, seconds: float) -> None:
        """Send the command, which is answered after so many seconds at the latest.

        Raises:
          redis.RedisError, OSError: as `Link.send`.
        """
        seconds = max(0.001, seconds)
        self._link.send(self._base, b"*3\r\n" + pack([b"BLPOP", self._base + b"wake", b"%.3f" % seconds]))
        self._until = time.monotonic() + seconds + (self._link.timeout or ANSWER_TIMEOUT)

    def stirs(self, seconds: float) -> bool:
        """Wait for the answer to come, at most so long. True, too, if the connection was lost."""
        return self._link.readable(seconds)

    def ensure_alive(self) -> None:
        """Raise `TimeoutError` if the answer should have come."""
        if time.monotonic() > self._until:
            raise TimeoutError("no answer from a sleeping connection")

    def wake(self) -> None:
        """Take the answer.

        Raises:
          ServerError, redis.RedisError, OSError: as `Link.receive`.
        """
        self._link.receive()
        self._until = 0.0

    def close(self) -> None:
        """Drop the command, if one is under way, with its connection."""
        self._link.close()
        self._until = 0.0
