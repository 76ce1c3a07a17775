"""Threads of one process that send through one broker, each over a connection of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import redis
from dramatiq.errors import BrokerConnectionError

from tests.waiting import until

#: Seconds between two sends of one thread, if nothing else is said.
PAUSE = 0.02


class Senders:
    """`count` threads that call `send` with a new name each time, `pause` seconds apart; all, or the first `active`.

    Attributes:
      accepted: the names whose sending was acknowledged.
      refused: the errors that the other calls raised.
    """

    def __init__(self, send: Callable[[str], object], count: int = 16, pause: float = PAUSE) -> None:
        self.accepted: list[str] = []
        self.refused: list[Exception] = []
        self.active = count
        self._send = send
        self._pause = pause
        self._over = threading.Event()
        self._together = threading.Barrier(count)
        self._threads = [threading.Thread(target=self._run, args=(number,)) for number in range(count)]

    def rest(self, but: int = 0) -> None:
        """Have all threads, except the first few, send no more for now; return when all have sent something."""
        until(lambda: len(self.accepted) > 20 * len(self._threads), what="all have sent")
        self.active = but

    def go(self) -> None:
        """Have all of them send again."""
        self.active = len(self._threads)

    def more(self, count: int = 100) -> None:
        """Wait until so many more sends were acknowledged."""
        before = len(self.accepted)
        until(lambda: len(self.accepted) >= before + count, 20, "sends are acknowledged")

    def start(self) -> None:
        """Start all threads."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End all threads."""
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _run(self, number: int) -> None:
        # All at once, so that no connection that one has just done with serves two.
        self._together.wait(120)
        sent = 0
        while not self._over.wait(self._pause):
            if number < self.active:
                sent += 1
                name = f"{number}-{sent}"
                try:
                    self._send(name)
                except (BrokerConnectionError, redis.RedisError) as error:
                    self.refused.append(error)
                else:
                    self.accepted.append(name)


@contextmanager
def sending(send: Callable[[str], object], count: int = 16) -> Iterator[Senders]:
    """Senders at work, for the length of a `with`."""
    senders = Senders(send, count)
    senders.start()
    try:
        yield senders
    finally:
        senders.stop()
