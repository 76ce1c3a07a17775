"""What is answered on acts of operators."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from osmod.web.api.shapes.shape import Hinted, Shape


class Act(Shape):
    """What somebody did to jobs, or workers (`queue` is empty)."""

    at: datetime
    who: str
    act: str
    queue: str
    what: str
    count: int
    id: str
    reason: str
    dry_run: bool


class Acts(Hinted):
    """A page of acts."""

    acts: list[Act]
    cursor: str | None = Field(description="Of the next page; null: there is none.")
