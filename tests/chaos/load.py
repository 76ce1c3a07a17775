"""A steady load of jobs of all kinds, and a note of each that was accepted."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import count
from random import Random

import redis
from dramatiq import Message
from dramatiq.brokers.redis import RedisBroker
from dramatiq.errors import BrokerConnectionError

from tests.chaos import app
from tests.jobs.brokers import send_all

#: Threads that send: while one waits for a server, the others go on.
THREADS = 4
#: A batch of so many big jobs among so many, and the least and most bytes of one.
BIG_BATCH, BIG_EVERY, BIG_BYTES = 10, 2000, (1_000_000, 5_000_000)
#: How the names of big ones begin.
BIG = "big-"


@dataclass(frozen=True)
class Accepted:
    """An acknowledged job: the moment of it, the queue and the message's id."""

    at: float
    queue: str
    message_id: str


class Load:
    """Jobs of 5 ms, by turns to each queue; a tenth delayed, a tenth failing at first, a tenth taking 300 ms.

    Now and then comes a batch of big ones.

    Attributes:
      accepted: the jobs whose sending was acknowledged, by their names.
      refused: how many calls raised an error instead.
    """

    def __init__(self, broker: RedisBroker, queues: tuple[str, ...], rate: float, random: Random) -> None:
        self.accepted: dict[str, Accepted] = {}
        self.refused = 0
        self._broker = broker
        self._queues = queues
        self._pause = THREADS / rate
        self._random = random
        self._numbers = count(1)
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._send) for _ in range(THREADS)]

    def start(self) -> None:
        """Begin to send."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Send no more; return when the last call has."""
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _send(self) -> None:
        while not self._over.wait(self._pause):
            number = next(self._numbers)
            if number % BIG_EVERY == BIG_EVERY // 10:
                batch = self._big_ones(number)
                self._tell(partial(send_all, self._broker, batch), *batch)
            message = app.work.message(f"job-{number}", 300 if number % 10 == 5 else 5, number % 10 == 3)
            message = self._of(number, message)
            delay = 300 if number % 10 == 7 else None
            self._tell(partial(self._broker.enqueue, message, delay=delay), message)

    def _tell(self, send: Callable[[], object], *messages: Message[None]) -> None:
        try:
            send()
        except (BrokerConnectionError, redis.RedisError):
            with self._lock:
                self.refused += 1
        else:
            for one in messages:
                self.accepted[one.args[0]] = Accepted(time.time(), one.queue_name, one.message_id)

    def _big_ones(self, number: int) -> list[Message[None]]:
        found = []
        for one in range(BIG_BATCH):
            payload = "x" * self._random.randint(*BIG_BYTES)
            # They are not kept when they are done: that would be gigabytes.
            message = app.work.message_with_options(
                args=(f"{BIG}{number}-{one}",), kwargs={"payload": payload}, remove_on_complete=True
            )
            found.append(self._of(number, message))
        return found

    def _of(self, number: int, message: Message[None]) -> Message[None]:
        """The message, in the queue whose turn it is."""
        return message.copy(queue_name=self._queues[number % len(self._queues)])
