"""What the forms of answers have in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Shape(BaseModel):
    """An object that has these fields, all without a default, and no others."""

    model_config = ConfigDict(extra="forbid")


class Hinted(Shape):
    """An answer to a question with names."""

    hints: list[str] = Field(description="Names that nothing is known by, with what may have been meant.")


class Changed(Shape):
    """Whether anything is otherwise now."""

    changed: bool
