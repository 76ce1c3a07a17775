"""Putting messages into Redis, whatever Redis is up to."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from itertools import chain
from typing import TYPE_CHECKING, Any

from dramatiq import Message
from dramatiq.common import current_millis, q_name

from osmod.jobs.arguments import logged
from osmod.jobs.backoff import Backoff
from osmod.jobs.encoding import encoded
from osmod.jobs.errors import InvalidOption, JobNotQueued
from osmod.jobs.link import Links, passes
from osmod.jobs.options import apply_to_message, wire_form
from osmod.jobs.scripts import ENQUEUE, Script

if TYPE_CHECKING:
    from osmod.jobs.broker import JobBroker
    from osmod.jobs.job import Job

#: Stores what follows from a job on a full server, too: otherwise the job could not end, and make room.
_FOLLOW_UP = Script("enqueue", "_although_full")

#: Milliseconds that `send` waits for a Redis that is away.
DEFAULT_SEND_PATIENCE = 5_000
#: What message ids may look like: they share a line with lengths and marks on their way to a consumer.
_IDS = re.compile(r"[^\s!*]\S*")
#: Messages sent in one call by `send_many`.
SEND_BATCH = 500


class Sender:
    """Stores messages, each once: a call repeated because its answer was lost finds its jobs by their ids."""

    def __init__(self, broker: JobBroker, links: Links) -> None:
        self._broker = broker
        self._links = links

    def prepare(self, message: Message[Any], delay: int | None = None) -> Message[Any]:
        """A copy to send, so that the caller's message stays as it was.

        As in Dramatiq, a delayed message carries `eta`, the millisecond of the epoch at which it is due.

        Raises:
          UnknownOption, InvalidOption: its options make no sense.
        """
        message = Message(
            q_name(message.queue_name),
            message.actor_name,
            message.args,
            message.kwargs,
            dict(message.options),
            message.message_id,
            message.message_timestamp,
        )
        if not _IDS.fullmatch(message.message_id):
            raise InvalidOption(f"message_id={message.message_id!r}: no spaces, and no ! or * first")
        if message.options:
            apply_to_message(message, self._broker.message_options | self._broker.actor_options)
        if delay is not None:
            message.options["eta"] = current_millis() + delay
        return message

    def store(
        self,
        message: Message[Any],
        delay: int | None,
        *,
        patience: int | None = None,
        follows: bool = False,
    ) -> Any:
        """Store a message, with its delay in milliseconds. `follows`: it follows from a job that ends.

        Returns 1 (stored), 0 (was there already), or as bytes the id of the job that has its unique key.

        Raises:
          JobNotQueued: Redis was away for `patience` milliseconds (default: the broker's).
        """
        script = _FOLLOW_UP if follows else ENQUEUE
        return self._tell(message, self._written(message, delay), patience=patience, script=script)[0]

    def store_many(self, messages: Sequence[Message[Any]]) -> list[Any]:
        """Store any number of messages of one queue, `SEND_BATCH` a call; otherwise like `store`.

        While Redis stores one batch, the next is put into bytes.
        """

        @lru_cache(maxsize=2)
        def written(at: int) -> list[bytes]:
            batch = messages[at : at + SEND_BATCH]
            return list(chain.from_iterable(self._written(message, None) for message in batch))

        answers: list[Any] = []
        for at in range(0, len(messages), SEND_BATCH):
            answers += self._tell(messages[at], written(at), meanwhile=partial(written, at + SEND_BATCH))
        return answers

    def _written(self, message: Message[Any], delay: int | None) -> list[bytes]:
        broker = self._broker
        actor = broker.actors.get(message.actor_name)
        terms = wire_form(message, actor, delay, broker.remove_on_complete)
        return [message.message_id.encode(), encoded(message), terms]

    def _tell(
        self,
        first: Message[Any],
        arguments: list[bytes],
        *,
        script: Script = ENQUEUE,
        patience: int | None = None,
        meanwhile: Callable[[], object] | None = None,
    ) -> list[Any]:
        broker = self._broker
        base = broker.key_base(first.queue_name)
        patience = broker.send_patience if patience is None else patience
        deadline = time.monotonic() + patience / 1000
        backoff = Backoff(most=0.5)
        while True:
            try:
                answers: Any = script.run(self._links, base, arguments, meanwhile)
                return answers if isinstance(answers, list) else [1] * answers
            except Exception as error:
                if not passes(error):
                    raise
                left = deadline - time.monotonic()
                if left <= 0:
                    raise JobNotQueued(
                        f"{logged(broker.actors.get(first.actor_name), first)} was not queued: Redis did not "
                        f"answer for {patience / 1000:g} seconds ({error}). Start it or correct REDIS_URL; "
                        "sending the same message again is safe."
                    ) from error
                time.sleep(min(backoff.next(), left))

    def store_followups(self, job: Job) -> None:
        """Send what hooks could not send while Redis was away, before the job itself is settled."""
        while job.followups:
            message, delay = job.followups[0]
            self.store(message, delay, patience=0, follows=True)
            job.followups.pop(0)

    def close(self) -> None:
        """Disconnect."""
        self._links.close()


def stored_as(message: Message[Any], answer: Any) -> Message[Any]:
    """The message as its sender gets it back: if another job has its unique key, with that job's id."""
    if isinstance(answer, bytes):
        message = message.copy(options={"duplicate_of": answer.decode()})
        object.__setattr__(message, "message_id", answer.decode())
    # Dramatiq's name for what identifies a job in Redis. Here that is the message id.
    message.options["redis_message_id"] = message.message_id
    return message
