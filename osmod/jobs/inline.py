"""`WORKER_RUN_IMMEDIATELY=true`: `send` runs the actor at once, in the caller's process, without Redis."""

from __future__ import annotations

import contextvars
from collections import deque
from collections.abc import Iterable
from typing import Any

from dramatiq import Actor, Broker, Consumer, Message, MessageProxy
from dramatiq.middleware import Callbacks, CurrentMessage, Middleware, Pipelines

from osmod.jobs.errors import end_process
from osmod.jobs.messages.options import ACTOR_OPTIONS, MESSAGE_OPTIONS, apply_to_actor, apply_to_message

#: Why no worker works on an `InlineBroker`.
NO_QUEUE = (
    "WORKER_RUN_IMMEDIATELY is set, so tasks run where they are sent and a worker has nothing to do: "
    "unset it to use the queue"
)


class _NoWorker(Middleware):
    """Ends a worker process as it begins, instead of having its consumers begin anew for ever."""

    def after_process_boot(self, broker: Broker) -> None:
        end_process(f"{NO_QUEUE}.")


class InlineBroker(Broker):
    """Runs a message where it is sent. What the actor raises, the sender gets; delays are not waited for."""

    def __init__(self, known: Iterable[Middleware] = ()) -> None:
        """`known`: the middleware of the real broker, whose actor options are accepted and have no effect."""
        super().__init__(middleware=[Pipelines(), Callbacks(), CurrentMessage(), _NoWorker()])
        #: The last messages that it ran, or is running, for tests to look at.
        self.ran: deque[Message[Any]] = deque(maxlen=1_000)
        self.actor_options = self.actor_options.union(ACTOR_OPTIONS, *(m.actor_options for m in known))

    def declare_actor(self, actor: Actor[Any, Any]) -> None:
        """Declare an actor, checking its options as the queue would.

        Raises:
          InvalidOption: an option's value makes no sense.
        """
        apply_to_actor(actor)
        super().declare_actor(actor)

    def declare_queue(self, queue_name: str) -> None:
        """Note the queue's name; there is nothing to create."""
        self.queues[queue_name] = None

    def enqueue(self, message: Message[Any], *, delay: int | None = None) -> Message[Any]:
        """Run the message's actor and return the message.

        Raises:
          UnknownOption, InvalidOption: as the queue would.
          Exception: what the actor raises.
        """
        apply_to_message(message, MESSAGE_OPTIONS | self.actor_options)
        self.ran.append(message)
        # In a context of its own, so that a task sent from within a task leaves its sender's alone.
        contextvars.copy_context().run(self._process, message)
        return message

    def _process(self, message: Message[Any]) -> None:
        actor: Any = self.get_actor(message.actor_name)
        proxy: Any = MessageProxy(message)
        result, error = None, None
        self.emit_before("process_message", proxy)
        try:
            result = actor(*message.args, **message.kwargs)
        except BaseException as raised:
            error = raised
            raise
        finally:
            self.emit_after("process_message", proxy, result=result, exception=error)

    def consume(self, queue_name: str, prefetch: int = 1, timeout: int = 30000) -> Consumer:
        """There is nothing to consume: raises `RuntimeError` that says how to get a queue."""
        raise RuntimeError(NO_QUEUE)

    def flush(self, queue_name: str) -> None:
        """Nothing waits."""

    def flush_all(self) -> None:
        """Nothing waits."""

    def join(self, queue_name: str, *, timeout: int | None = None) -> None:
        """Nothing waits."""
