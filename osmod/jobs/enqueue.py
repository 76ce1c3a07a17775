"""Sending a job with options: `enqueue(send_comment_for_scoring, comment_id=12, priority="high")`."""

from __future__ import annotations

import asyncio
import inspect
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from dramatiq import Actor, Message

from osmod.jobs.errors import InvalidOption
from osmod.jobs.messages.options import MESSAGE_OPTIONS, refuse_unknown

#: Options of `enqueue` beside those that a message may carry.
_OWN = frozenset({"due"})


@dataclass(frozen=True)
class Enqueued:
    """What came of `enqueue`.

    Attributes:
      message: the message, with the id of the job that will run.
      created: False if another job had the `unique` key already: then that one is meant, none was added.
    """

    message: Message[Any]
    created: bool

    @property
    def message_id(self) -> str:
        """The job's id."""
        return self.message.message_id


def enqueue(actor: Actor[..., Any], /, **given: Any) -> Enqueued:
    """Queue a job of `actor`.

    What the actor's function takes are its arguments; all else are options: `priority`, `delay` (milliseconds
    or a `timedelta`), `due` (an aware `datetime`), `attempts`, `backoff`, `time_limit`, `unique`,
    `remove_on_complete` and every other that `send_with_options` takes. An argument wins over an option of
    the same name; give that option by `send_with_options`.

    Raises:
      UnknownOption: something is neither an argument nor an option; the message suggests what was meant.
      InvalidOption: an option's value makes no sense.
      TypeError: an argument is missing.
      JobNotQueued: Redis was away for too long.
    """
    signature = inspect.signature(actor.fn)
    takes_any = any(one.kind is one.VAR_KEYWORD for one in signature.parameters.values())
    of_messages = getattr(actor.broker, "message_options", MESSAGE_OPTIONS)
    options_known = (of_messages | actor.broker.actor_options | _OWN) - set(signature.parameters)
    options = {name: value for name, value in given.items() if name in options_known}
    arguments = {name: value for name, value in given.items() if name not in options_known}
    if not takes_any:
        refuse_unknown(arguments, options_known | set(signature.parameters), f"actor {actor.actor_name!r}")
    signature.bind(**arguments)
    delay = _delay(options.pop("delay", None), options.pop("due", None))
    if isinstance(delay, float):
        options["eta"] = delay
        delay = None
    message = actor.send_with_options(kwargs=arguments, delay=delay, **options)
    return Enqueued(message, "duplicate_of" not in message.options)


async def enqueue_async(actor: Actor[..., Any], /, **given: Any) -> Enqueued:
    """`enqueue`, awaited: it waits for Redis in a thread, and the event loop goes on. It fails as that does."""
    return await asyncio.to_thread(enqueue, actor, **given)


def _delay(delay: Any, due: Any) -> int | float | None:
    """A delay in whole milliseconds, or a moment as float milliseconds of the epoch."""
    if due is not None:
        if delay is not None:
            raise InvalidOption("give either delay or due, not both")
        if not isinstance(due, datetime) or due.tzinfo is None:
            raise InvalidOption(f"due={due!r}: expected a datetime with a time zone")
        return due.timestamp() * 1000
    if isinstance(delay, timedelta):
        delay = int(delay.total_seconds() * 1000)
    if delay is not None and (type(delay) is not int or delay < 0):
        raise InvalidOption(f"delay={delay!r}: expected milliseconds (0 or more) or a timedelta")
    return delay
