"""Taking jobs out of Kue's queue into ours, so that none is lost and none is twice, whenever this process dies.

A job is claimed in one script: it leaves Kue's waiting jobs, is active for Kue's users, and stands among those that
are *taken*. Then it is sent here, under an id made of the claim; then it is noted as *held*. Whoever finds a job taken
and not held for seconds sends it once more: the same id is the same job.
"""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Iterable, Sequence
from typing import Any

from dramatiq import Message

from osmod.jobs.broker import JobBroker
from osmod.jobs.errors import RedisUnusable
from osmod.jobs.wire.resp import ServerError
from osmod.kue.foreign_keys import foreign_keys, stopped_by_keys
from osmod.kue.jobs import KueJob
from osmod.kue.keys import WORKER_PREFIX, KueQueue
from osmod.kue.scripts import STORED, TAKE, UNSTORED

_log = logging.getLogger(__name__)

#: Jobs claimed by one script, which keeps Redis busy for some 20 µs a job.
ROUND = 200
#: Jobs that may be ours and not yet told of, so that no more than so many records here are needed to tell Kue, should
#: nobody tell for a while: our queue keeps 20,000.
MOST_OPEN = 10_000
#: What is raised for a message that cannot be sent, whatever Redis does: `UnknownArgument`, `InvalidOption`, and for
#: what cannot be written as JSON.
_UNSENDABLE = (TypeError, ValueError, RecursionError)
#: Seconds after which a job that was taken and is not noted as held is sent again, and after which whoever took it
#: leaves that to others.
GRACE = 3.0
#: Seconds after which it is looked at again whether a key is what Kue keeps there.
LOOK_AGAIN = 1.0


class Taker:
    """Takes jobs of the types that have an actor.

    Parameters:
      broker: where they are to run; its actors' names are the types.
      kue: where they come from.
      types: those of them to take; by default all, those of actors that are declared later, too.
      most_open: jobs that may be here without Kue having been told how they ended.
    """

    def __init__(
        self,
        broker: JobBroker,
        kue: KueQueue,
        types: Sequence[str] | None = None,
        *,
        most_open: int = MOST_OPEN,
    ) -> None:
        self._broker = broker
        self._kue = kue
        self._chosen = types
        self._most_open = most_open
        self._turn = 0
        #: Types that are not taken for now, as one of their keys is something else; and when that is looked at again.
        self._aside: set[str] = set()
        self._look_again = 0.0
        #: Whether jobs were claimed that could not be sent. They come before others.
        self._owing = False
        self.worker = f"{WORKER_PREFIX}{socket.gethostname()}:{os.getpid()}"

    @property
    def types(self) -> list[str]:
        """The types that it takes, but those of which a key is not what Kue keeps there."""
        wanted = self._broker.actors if self._chosen is None else self._chosen
        return [kind for kind in wanted if kind not in self._aside]

    def open(self) -> int:
        """How many jobs were taken, by whomever, and Kue was not told yet how they ended.

        Raises:
          redis.RedisError: Kue's Redis is away.
        """
        client = self._kue.client
        return int(client.zcard(self._kue.taken) + client.zcard(self._kue.held))

    def take(self, most: int = ROUND) -> tuple[int, int]:
        """Take up to `most` waiting jobs. Returns how many, and how many more might be taken now if there were any.

        Raises:
          JobNotQueued: our Redis is away; what was claimed is sent by `recover`, here or elsewhere.
          ServerError, redis.RedisError, OSError: Kue's Redis is away.
        """
        if self._aside and time.monotonic() >= self._look_again:
            self._put_aside(self._aside)
        types = self.types
        if not types:
            return 0, 0
        while self._owing:
            self._owing = self.recover(0.0) > 0
        # Each type is the first in its turn: a flood of one keeps none of the others waiting.
        self._turn = (self._turn + 1) % len(types)
        began = time.monotonic()
        words = [self.worker, str(most), str(self._most_open), *types[self._turn :], *types[: self._turn]]
        try:
            answer: Any = TAKE.run(self._kue.links, self._kue.base, [word.encode() for word in words])
        except (ServerError, RedisUnusable) as error:
            # What it had claimed by then is sent by `recover`.
            if not stopped_by_keys(error) or not self._put_aside(types):
                raise
            return self.take(most)
        room, *rows = answer
        if rows and time.monotonic() - began < GRACE:
            self._owing = True
            self.send(KueJob.from_row(row) for row in rows)
            self._owing = False
        return len(rows), max(0, room)

    def recover(self, older: float = GRACE, most: int = ROUND) -> int:
        """Send what was taken so many seconds ago and may not have been sent. Returns how many jobs.

        It may be of any type that has an actor here, whoever took it.

        Raises:
          JobNotQueued: our Redis is away.
          ServerError, redis.RedisError, OSError: Kue's Redis is away.
        """
        arguments = [b"%d" % (older * 1000), b"%d" % most, *(name.encode() for name in self._broker.actors)]
        rows: Any = UNSTORED.run(self._kue.links, self._kue.base, arguments)
        self.send(KueJob.from_row(row) for row in rows)
        return len(rows)

    def send(self, jobs: Iterable[KueJob]) -> None:
        """Send claimed jobs, and note that they are held.

        Raises:
          JobNotQueued: our Redis is away.
          ServerError, redis.RedisError, OSError: Kue's Redis is away.
        """
        claimed = list(jobs)
        if not claimed:
            return
        messages = [self._message(job) for job in claimed]
        try:
            self._broker.send_many(messages)
        except _UNSENDABLE:
            # One of them carries what its actor does not take: none was sent.
            for job, message in zip(claimed, messages, strict=True):
                self._send_alone(job, message)
        STORED.run(self._kue.links, self._kue.base, [job.message_id.encode() for job in claimed])

    def _put_aside(self, kinds: Iterable[str]) -> bool:
        """Take none of those types for now of which a key is something else. Returns whether there are any."""
        kinds = set(kinds)
        found = foreign_keys(self._kue, sorted(kinds))
        for one in found:
            if one.kind not in self._aside:
                _log.warning("In Kue's queue %s.", one)
        self._aside = self._aside - kinds | {one.kind for one in found}
        self._look_again = time.monotonic() + LOOK_AGAIN
        return bool(found)

    def _message(self, job: KueJob) -> Message[Any]:
        actor = self._broker.actors[job.kind]
        try:
            return job.message(actor)
        except ValueError as error:
            return job.refused(actor, str(error))

    def _send_alone(self, job: KueJob, message: Message[Any]) -> None:
        try:
            self._broker.send_many([message])
        except _UNSENDABLE as error:
            self._broker.send_many([job.refused(self._broker.actors[job.kind], str(error))])
