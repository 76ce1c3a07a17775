"""How many jobs of a queue are where, for tests to compare."""

from __future__ import annotations

from dataclasses import dataclass

from osmod.jobs.broker import JobBroker
from osmod.jobs.records.overview import queue_overview


@dataclass(frozen=True)
class QueueCounts:
    """How many jobs of a queue are in each state, and whether it is paused."""

    waiting: int = 0
    delayed: int = 0
    active: int = 0
    done: int = 0
    failed: int = 0
    cancelled: int = 0
    paused: bool = False


def queue_counts(broker: JobBroker, queue_name: str) -> QueueCounts:
    """The counts of one queue, all at one moment."""
    overview = queue_overview(broker, queue_name)
    sizes = {state.value: size for state, size in overview.sizes.items()}
    return QueueCounts(**sizes, paused=overview.paused is not None)
