"""What goes on during the trial: comments are sent for scoring, moderators act on them, sweeps come by the clock."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from random import Random
from typing import Any

import redis
from dramatiq import Actor, Message
from dramatiq.errors import BrokerConnectionError

import actors
from osmod.jobs.broker import JobBroker
from tests.chaos.load import Accepted

_ACTS: tuple[Actor[..., Any], ...] = (actors.accept_comments, actors.reject_comments, actors.defer_comments)
_SWEEPS: tuple[Actor[..., Any], ...] = (actors.sweep_outbox, actors.sweep_deliveries, actors.heartbeat)
#: Acts that follow each other at once, on one comment, at most.
IN_A_ROW = 3
_REFUSED = (BrokerConnectionError, redis.RedisError)


class Actions:
    """Sends each comment for scoring, and after each has moderators act on one of the comments sent so far.

    Attributes:
      acts: those whose sending was acknowledged, by their messages' ids.
    """

    def __init__(
        self, broker: JobBroker, comments: Sequence[int], moderator: int, rate: float, random: Random
    ) -> None:
        self.acts: dict[str, Accepted] = {}
        self._broker = broker
        self._comments = comments
        self._moderator = moderator
        self._pause = 1 / rate
        self._random = random
        self._over = threading.Event()
        self._sweeping = threading.Thread(target=self._sweep)
        self._acting = threading.Thread(target=self._act)

    def __enter__(self) -> None:
        """Begin."""
        self._sweeping.start()
        self._acting.start()

    def wait(self) -> None:
        """Return when all has been sent, beside the sweeps, which go on."""
        self._acting.join()

    def __exit__(self, *_: object) -> None:
        """Send nothing more."""
        self._over.set()
        self._acting.join()
        self._sweeping.join()

    def _act(self) -> None:
        began = time.monotonic()
        for number, comment in enumerate(self._comments, 1):
            self._send(actors.send_comment_for_scoring.message(comment_id=comment))
            chosen = self._random.choice(self._comments[:number])
            for _ in range(self._random.randrange(IN_A_ROW + 1)):
                act = self._random.choice(_ACTS)
                message = act.message(comment_id=chosen, user_id=self._moderator)
                sent = time.time()
                self._send(message)
                self.acts[message.message_id] = Accepted(
                    sent, time.time(), message.queue_name, message.message_id
                )
            self._over.wait(began + number * self._pause - time.monotonic())

    def _send(self, message: Message[Any]) -> None:
        """Send until it is acknowledged: twice is once."""
        while not self._over.is_set():
            with suppress(*_REFUSED):
                self._broker.enqueue(message)
                return

    def _sweep(self) -> None:
        """As the scheduler does each minute, or ten; if Redis is away it is left to the next time."""
        while not self._over.wait(1.0):
            for sweep in _SWEEPS:
                with suppress(*_REFUSED):
                    self._broker.enqueue(sweep.message())
