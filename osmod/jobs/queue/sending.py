"""Putting messages into Redis, whatever Redis is up to."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol

from dramatiq import Message
from dramatiq.common import current_millis, q_name

from osmod.jobs.errors import InvalidOption, JobNotQueued, RedisUnusable
from osmod.jobs.messages.arguments import check_names, logged
from osmod.jobs.messages.bounds import check_queue_name
from osmod.jobs.messages.encoding import encoded, encoded_if_in_doubt
from osmod.jobs.messages.options import apply_to_message, wire_form
from osmod.jobs.queue.destinations import Destinations
from osmod.jobs.queue.job import running
from osmod.jobs.queue.scripts import ENQUEUE, ENQUEUE_FOLLOW_UP
from osmod.jobs.wire.backoff import Backoff
from osmod.jobs.wire.link import passes
from osmod.jobs.wire.links import Links
from osmod.jobs.wire.queues import Queues
from osmod.jobs.wire.refusals import outage
from osmod.jobs.wire.scripts import Script
from osmod.outages import Lookout

#: Milliseconds that `send` waits for a Redis that is away.
DEFAULT_SEND_PATIENCE = 5_000
#: What message ids may look like: they share a line with lengths and marks on their way to a consumer, and unique
#: keys mark by @ who has one without being a job.
_IDS = re.compile(r"[^\s!*@\ud800-\udfff][^\s\ud800-\udfff]*")
#: Characters of a message that an error shows.
SHOWN = 200
#: Messages sent in one call by `send_many`, and bytes after which a call takes no more: others wait for it.
SEND_BATCH = 500
SEND_BYTES = 1_000_000

#: A message to be stored, its bytes if they were made, and the terms that the script needs beside it.
Letter = tuple[Message[Any], bytes | None, bytes]


class Sending(Queues, Protocol):
    """The queues, and what their broker makes of messages that are sent.

    Attributes:
      queues: the names of the declared queues.
      message_options, actor_options: the options that messages may carry.
      send_patience: milliseconds that `send` waits for a Redis that is away, before it raises.
    """

    queues: Any
    message_options: set[str]
    actor_options: set[str]
    send_patience: int


class Sender:
    """Stores messages, each once: a call repeated because its answer was lost finds its jobs by their ids."""

    def __init__(self, broker: Sending, links: Links) -> None:
        self._broker = broker
        self._links = links
        self._lookout = Lookout()
        self._destinations = Destinations(broker, links)

    def prepare(self, message: Message[Any], delay: int | None = None) -> Message[Any]:
        """A copy to send, so that the caller's message stays as it was.

        As in Dramatiq, a delayed message carries `eta`, the millisecond of the epoch at which it is due; what a
        running job sends carries that job's id as `parent`; of several jobs in one call, the one that it names.

        Raises:
          UnknownArgument: its actor is known here, and takes no argument of such a name.
          UnknownOption, InvalidOption: its options make no sense.
        """
        if message.kwargs:
            actor = self._broker.actors.get(message.actor_name)
            if actor is not None:
                check_names(actor, message.kwargs)
        if message.queue_name not in self._broker.queues:
            check_queue_name(message.queue_name)
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
            raise InvalidOption(
                f"message_id={message.message_id!r}: expected UTF-8 text, no blanks, and no !, * or @ first"
            )
        if message.options:
            known = self._broker.message_options
            if not known.issuperset(message.options):
                known = known | self._broker.actor_options
            apply_to_message(message, known)
        if delay is not None:
            message.options["eta"] = current_millis() + delay
        job = running.get()
        if job is not None and not any(
            one.message_id == message.options.get("parent") for one in job.company
        ):
            message.options["parent"] = job.message_id
        return message

    def letter(self, message: Message[Any], delay: int | None = None) -> Letter:
        """A prepared message with its terms.

        Raises:
          InvalidOption: its options make no sense.
          TypeError, ValueError: an argument has no form in JSON, or whatever the encoder in use raises.
        """
        actor = self._broker.actors.get(message.actor_name)
        return message, encoded_if_in_doubt(message), wire_form(message, actor, delay)

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
          JobNotQueued: Redis was away for `patience` milliseconds (default: the broker's), or refuses.
        """
        script = ENQUEUE_FOLLOW_UP if follows else ENQUEUE
        actor = self._broker.actors.get(message.actor_name)
        terms = wire_form(message, actor, delay)
        arguments = [message.message_id.encode(), encoded(message), terms]
        return self._tell(message, arguments, patience=patience, script=script)[0]

    def store_many(self, letters: Iterable[Letter]) -> list[Message[Any]]:
        """Store any number of messages with few calls, in their order. Returns them as `stored_as` does.

        While Redis stores one batch, the next is put into bytes.
        """
        batches = _batches(letters)
        sent: list[Message[Any]] = []
        batch = next(batches, None)
        while batch is not None:
            messages, arguments = batch
            following = _Ahead(batches)
            answers = self._tell(messages[0], arguments, meanwhile=following.fetch)
            sent += map(stored_as, messages, answers)
            batch = following.fetch()
        return sent

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
        seconds = (broker.send_patience if patience is None else patience) / 1000
        if away := self._lookout.taken(seconds):
            raise self._not_queued(first, away)
        deadline = time.monotonic() + seconds
        backoff = Backoff(most=0.5)
        while True:
            try:
                answers: Any = script.run(self._links, base, arguments, meanwhile)
                self._lookout.in_sight()
                self._destinations.note(first.queue_name)
                return answers if isinstance(answers, list) else [1] * answers
            except Exception as error:
                hopeless = isinstance(error, RedisUnusable)
                if not (passes(error) or hopeless):
                    raise
                left = deadline - time.monotonic()
                if hopeless or left <= 0:
                    why = outage(error, seconds or None)
                    self._lookout.in_vain(why)
                    raise self._not_queued(first, why) from error
                time.sleep(min(backoff.next(), left))

    def _not_queued(self, message: Message[Any], why: str) -> JobNotQueued:
        job = logged(self._broker.actors.get(message.actor_name), message)
        job = job if len(job) <= SHOWN else f"{job[:SHOWN]}…"
        return JobNotQueued(f"{job} was not queued: {why}. Sending the same message again is safe.")

    def close(self) -> None:
        """Disconnect."""
        self._links.close()


#: The messages of one call, all of one queue, and what the script is told of them.
_Batch = tuple[list[Message[Any]], list[bytes]]


class _Ahead:
    """The next batch, made once though the call during which it is made may be repeated."""

    def __init__(self, batches: Iterator[_Batch]) -> None:
        self._batches = batches
        self._fetched: list[_Batch | None] = []

    def fetch(self) -> _Batch | None:
        if not self._fetched:
            self._fetched.append(next(self._batches, None))
        return self._fetched[0]


def _batches(letters: Iterable[Letter]) -> Iterator[_Batch]:
    messages: list[Message[Any]] = []
    arguments: list[bytes] = []
    size = 0
    for message, made, terms in letters:
        data = made or encoded(message)
        size += len(data)
        if messages and (
            len(messages) == SEND_BATCH or size > SEND_BYTES or message.queue_name != messages[0].queue_name
        ):
            yield messages, arguments
            messages, arguments, size = [], [], len(data)
        messages.append(message)
        arguments += (message.message_id.encode(), data, terms)
    if messages:
        yield messages, arguments


def stored_as(message: Message[Any], answer: Any) -> Message[Any]:
    """The message as its sender gets it back: if another job has its unique key, with that job's id."""
    if isinstance(answer, bytes):
        message = message.copy(options={"duplicate_of": answer.decode()})
        object.__setattr__(message, "message_id", answer.decode())
    # Dramatiq's name for what identifies a job in Redis. Here that is the message id.
    message.options["redis_message_id"] = message.message_id
    return message
