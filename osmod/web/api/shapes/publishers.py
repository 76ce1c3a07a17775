"""What is answered on publishers."""

from __future__ import annotations

from pydantic import Field

from osmod.web.api.shapes.shape import Shape


class PublisherTrial(Shape):
    """What came of sending a publisher's webhook a text."""

    publisher: int
    message_id: str = Field(description="Of what was sent; empty: nothing was.")
    seconds: float
    status: int | None = Field(description="Of its answer; null: there was none.")
    answer: str = Field(description="The beginning of its answer, without our secrets.")
    problem: str = Field(description="Why it was not acknowledged; empty: it was.")
