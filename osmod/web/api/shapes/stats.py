"""What is answered on all at one look."""

from __future__ import annotations

from osmod.web.api.shapes.jobs import Job
from osmod.web.api.shapes.queues import QueueWithRates
from osmod.web.api.shapes.shape import Shape
from osmod.web.api.shapes.workers import Worker


class Stats(Shape):
    """All at one look."""

    queues: list[QueueWithRates]
    running: list[Job]
    workers: list[Worker]
