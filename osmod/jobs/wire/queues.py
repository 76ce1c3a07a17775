"""The queues of a broker, as everything that asks Redis for something sees them."""

from __future__ import annotations

from typing import Any, Protocol

from dramatiq import Middleware

from osmod.jobs.wire.links import Links


class Queues(Protocol):
    """One namespace in one Redis, and what is known of the actors whose jobs stand there.

    Attributes:
      namespace: what all keys begin with.
      client: redis-py's client, for whatever is no script.
      links: the connections that scripts are run over.
      actors: the declared actors by name.
      middleware: those of the broker, outermost first.
      done_ttl, dead_message_ttl: milliseconds for which finished and failed jobs are kept.
    """

    namespace: str
    client: Any
    actors: dict[str, Any]
    middleware: list[Middleware]
    done_ttl: int
    dead_message_ttl: int

    @property
    def links(self) -> Links:
        """The connections that scripts are run over."""

    def key_base(self, queue_name: str) -> bytes:
        """What all keys of a queue begin with."""

    def get_declared_queues(self) -> set[str]:
        """The names of the declared queues."""
