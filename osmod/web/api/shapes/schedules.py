"""What is answered on schedules."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from osmod.web.api.shapes.shape import Shape


class ScheduleRun(Shape):
    """How a run of a schedule ended."""

    job_id: str
    outcome: str
    ended: datetime
    duration: float | None


class Schedule(Shape):
    """What runs when. Lengths of time are in seconds."""

    name: str
    queue: str
    spec: str
    words: str
    next: datetime | None
    upcoming: list[datetime] = Field(description="The next three; none while it is paused.")
    runs: list[ScheduleRun] = Field(description="The last ones, oldest first, thirty at most.")
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
