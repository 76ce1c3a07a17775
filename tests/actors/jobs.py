"""Delivering jobs to the real actors by hand: in this process, in any order, as often as a test likes."""

from __future__ import annotations

from typing import Any

import dramatiq
from dramatiq.errors import ConnectionFailed

from osmod.jobs.inline import InlineBroker
from osmod.jobs.messages.arguments import check_names


class HeldBroker(InlineBroker):
    """Keeps what is sent until the test has it delivered. `down`: the queue cannot be reached."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[dramatiq.Message[Any]] = []
        self.down = False

    def enqueue(self, message: dramatiq.Message[Any], *, delay: int | None = None) -> dramatiq.Message[Any]:
        """Keep the message, if it is one that the queue would take."""
        if self.down:
            raise ConnectionFailed("no queue today")
        check_names(self.get_actor(message.actor_name), message.kwargs)
        self.sent.append(message)
        return message

    def process(self, message: dramatiq.Message[Any]) -> None:
        """Run the message's actor as a worker does. Raises what the actor raises."""
        super().enqueue(message)


class Jobs:
    """Jobs and the queue that they are in."""

    def __init__(self, broker: HeldBroker) -> None:
        self.broker = broker

    def message(
        self, wire_name: str, *, message_id: str | None = None, **arguments: Any
    ) -> dramatiq.Message[Any]:
        """A job that is not queued."""
        message = self.broker.get_actor(wire_name).message(**arguments)
        return message.copy(message_id=message_id) if message_id else message

    def deliver(self, wire_name: str, *, message_id: Any = None, **arguments: Any) -> None:
        """Run a job at once."""
        self.broker.process(self.message(wire_name, message_id=message_id, **arguments))

    def waiting(self) -> list[tuple[str, dict[str, Any]]]:
        """The jobs in the queue, by name and arguments."""
        return [(message.actor_name, message.kwargs) for message in self.broker.sent]

    def take(self) -> list[dramatiq.Message[Any]]:
        """All jobs of the queue, which is empty then."""
        taken, self.broker.sent = self.broker.sent, []
        return taken

    def work_off(self) -> None:
        """Run the jobs of the queue, and those they queue, until there is none."""
        while self.broker.sent:
            self.broker.process(self.broker.sent.pop(0))
