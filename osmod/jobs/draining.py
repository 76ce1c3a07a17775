"""How a worker stops: what it only had in stock goes back, what runs may end, within a set time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dramatiq import Worker

if TYPE_CHECKING:
    from osmod.jobs.broker import JobBroker

#: Milliseconds that a stopping worker gives its running jobs.
DEFAULT_DRAIN = 25_000


def begin_draining(broker: JobBroker, worker: Worker) -> None:
    """Called as a worker begins to stop."""
    broker.stopping = True
