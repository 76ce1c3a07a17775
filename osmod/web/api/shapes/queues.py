"""What is answered on queues."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from osmod.web.api.shapes.shape import Shape


class Totals(Shape):
    """What a queue counted so far."""

    done: int
    failed: int
    retried: int
    cancelled: int
    recovered: int = Field(description="Taken back from workers that died.")


class Rates(Shape):
    """What a queue counts in a second."""

    done: float
    failed: float
    retried: float
    cancelled: float
    recovered: float


class QueueShown(Shape):
    """How a queue is doing."""

    queue: str
    waiting: int
    delayed: int
    active: int
    done: int
    failed: int
    cancelled: int
    paused: datetime | None = Field(description="Since when.")
    paused_by: str
    oldest_waiting: float | None = Field(description="Seconds.")
    totals: Totals


class QueueWithRates(QueueShown):
    """The same, with what it does in a second."""

    per_second: Rates


class Queues(Shape):
    """All queues."""

    queues: list[QueueShown]


class Wrong(Shape):
    """Something that must not be in a queue, and what was done about it, or would be."""

    queue_name: str
    message_id: str
    wrong: str
    remedy: str


class Checked(Shape):
    """What must not be."""

    problems: list[Wrong]
    mended: bool
