"""A steady load of jobs of all kinds, and a note of each that was accepted."""

from __future__ import annotations

import time
from dataclasses import dataclass
from itertools import count
from random import Random

from dramatiq import Message
from dramatiq.brokers.redis import RedisBroker

from tests.chaos import app
from tests.chaos.senders import Senders
from tests.jobs.brokers import send_all

#: Threads that send: while one waits for a server, the others go on.
THREADS = 4
#: A batch of so many big jobs among so many, and the least and most bytes of one.
BIG_BATCH, BIG_EVERY, BIG_BYTES = 10, 2000, (1_000_000, 5_000_000)
#: How the names of big ones begin.
BIG = "big-"


@dataclass(frozen=True)
class Accepted:
    """An acknowledged job: between which moments it was sent and acknowledged, the queue and the message's id.

    The server said so at some moment between them: how long its answer took to be heard is the machine's business.
    """

    began: float
    at: float
    queue: str
    message_id: str


class Load:
    """Jobs of 5 ms, by turns to each queue; a tenth delayed, a tenth failing at first, a tenth taking 300 ms.

    Now and then comes a batch of big ones.

    Attributes:
      accepted: the jobs whose sending was acknowledged, by their names.
    """

    def __init__(self, broker: RedisBroker, queues: tuple[str, ...], rate: float, random: Random) -> None:
        self.accepted: dict[str, Accepted] = {}
        self._broker = broker
        self._queues = queues
        self._random = random
        self._numbers = count(1)
        self._senders = Senders(self._send, THREADS, THREADS / rate)

    def start(self) -> None:
        """Begin to send."""
        self._senders.start()

    def stop(self) -> None:
        """Send no more; return when the last call has."""
        self._senders.stop()

    @property
    def refused(self) -> int:
        """How many calls raised an error."""
        return len(self._senders.refused)

    def _send(self, _: str) -> None:
        number = next(self._numbers)
        began = time.time()
        if number % BIG_EVERY == BIG_EVERY // 10:
            messages = self._big_ones(number)
            send_all(self._broker, messages)
        else:
            messages = [self._small_one(number)]
            self._broker.enqueue(messages[0], delay=300 if number % 10 == 7 else None)
        for one in messages:
            self.accepted[one.args[0]] = Accepted(began, time.time(), one.queue_name, one.message_id)

    def _small_one(self, number: int) -> Message[None]:
        message = app.work.message(f"job-{number}", 300 if number % 10 == 5 else 5, number % 10 == 3)
        return self._of(number, message)

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
