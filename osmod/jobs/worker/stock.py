"""The jobs of one queue that a consumer has leased: those still to be given out, and room for more."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any

from dramatiq import Message, MessageProxy
from dramatiq.errors import DecodeError

from osmod.jobs.messages.encoding import decoder
from osmod.jobs.queue.holdings import Holdings
from osmod.jobs.queue.job import Holder, Job
from osmod.jobs.queue.settlements import handed_back
from osmod.jobs.worker.hook_table import stirs

_log = logging.getLogger(__name__)


class Stock:
    """What one consumer leased.

    Attributes:
      waiting: the jobs to be given out, in their order.
      leased: the ids of all jobs whose end Redis has not been told yet.
    """

    def __init__(self, holder: Holder, holdings: Holdings, actors: Mapping[str, Any]) -> None:
        self.waiting: deque[Job] = deque()
        self.leased: set[str] = set()
        self._holder = holder
        self._holdings = holdings
        self._actors = actors

    def room(self, most: int) -> int:
        """How many jobs may be leased so that there are `most`; negative if there are too many."""
        leased = self.leased
        ended = sum(job.message_id in leased for job, _ in list(self._holdings.pending))
        return most - len(leased) + ended

    def give_back(self, messages: Iterable[MessageProxy]) -> None:
        """Note that jobs return to their old places in the queue."""
        for message in messages:
            if isinstance(message, Job):
                self._holdings.settle(message, handed_back(message.id, message.token))

    def give_back_waiting(self) -> None:
        """Note that all that was not given out returns."""
        self.give_back(self.waiting)
        self.waiting.clear()

    def take(self, fields: list[bytes], messages: bytes, token: bytes) -> None:
        """Take in what an exchange leased under `token`: lengths and ids, and the messages joined."""
        at, decode, held = 0, decoder(messages), self._holdings.held
        for size, job_id in zip(fields[::2], fields[1::2], strict=True):
            marks = size.lstrip(b"0123456789")
            size = size[: len(size) - len(marks)]
            start, at = at, at + int(size)
            if job_id.decode() in held and self._holdings.adopt(job_id.decode(), token, marks):
                continue
            try:
                message = decode(start, at)
            except DecodeError as error:
                self._fail(job_id, token, marks, error)
            else:
                self._add(Job(message, job_id, token, self._holder, marks))

    def _add(self, job: Job) -> None:
        options = job.options
        if options:
            job.due, job.retries = options.pop("eta", None), options.get("retries", 0)
        actor = self._actors.get(job.actor_name)
        job.plain = actor is not None and not stirs(actor.options) and not (options and stirs(options))
        options["redis_message_id"] = job.message_id  # As its sender got it back.
        self._holdings.held[job.message_id] = job
        self.leased.add(job.message_id)
        self.waiting.append(job)

    def _fail(self, job_id: bytes, token: bytes, marks: bytes, error: DecodeError) -> None:
        # Its record has the traceback.
        _log.error("Job %s cannot be read; it is failed: %s", job_id.decode(), error)
        message: Message[Any] = Message(self._holdings.queue_name, "unreadable", (), {}, {}, job_id.decode())
        job = Job(message, job_id, token, self._holder, marks)
        job.stuff_exception(error)
        self._holdings.settle(job, job.failure())
        self._holder.settled()
