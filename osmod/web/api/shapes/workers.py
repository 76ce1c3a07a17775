"""What is answered on worker processes."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from osmod.web.api.shapes.jobs import Job
from osmod.web.api.shapes.shape import Shape


class Worker(Shape):
    """A worker process."""

    worker: str = Field(description="`host:process`.")
    host: str
    process: int
    threads: int
    running: int = Field(description="Jobs in its threads.")
    queues: list[str]
    since: datetime
    seen: float = Field(description="Seconds since its last sign of life.")
    version: str
    memory: int = Field(description="Bytes.")
    quiet: bool
    asked: str | None = Field(description="What it was asked to do, perhaps not heard yet.")
    coroutines: int = Field(description="Jobs that run beside its threads, without one each.")


class BusyWorker(Worker):
    """The same, with what it runs."""

    jobs: list[Job]


class Workers(Shape):
    """All workers that live."""

    workers: list[BusyWorker]


class Asked(Shape):
    """How many workers were asked."""

    count: int
