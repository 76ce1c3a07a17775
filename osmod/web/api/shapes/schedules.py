"""What is answered on schedules."""

from __future__ import annotations

from datetime import datetime

from osmod.web.api.shapes.shape import Shape


class Schedule(Shape):
    """What runs when. Lengths of time are in seconds."""

    name: str
    queue: str
    spec: str
    words: str
    next: datetime | None
    last_slot: datetime | None
    last_started: datetime | None
    last_finished: datetime | None
    last_duration: float | None
    last_outcome: str | None
    last_error: str
    paused: bool
    running: bool
    waiting: bool
    overlaps: int
    catch_up: bool
    overlap: bool


class Schedules(Shape):
    """All schedules."""

    schedules: list[Schedule]
