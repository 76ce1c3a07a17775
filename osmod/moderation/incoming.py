"""A comment as a publisher sends it, checked field by field."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
)
from pydantic.alias_generators import to_camel

from osmod.moderation.utf8mb3 import checked, storable

#: Characters of OSMod's short columns.
SHORT = 255


def _is_id(value: str) -> str:
    if value != value.rstrip(" "):
        raise ValueError("OSMod's column drops the blanks at its end; send it without")
    return checked(value)


def _is_scalar(value: Any) -> Any:
    if not isinstance(value, str | int | float | None) or value in (math.inf, -math.inf):
        raise ValueError("expected a text, a number, true, false or null")
    return value


def _is_text(value: Any) -> Any:
    if not isinstance(value, str):
        raise ValueError("expected a text like 2026-11-27T12:00:00Z")
    return value


def _is_storable(value: datetime) -> datetime:
    if not _EARLIEST <= value < _LATEST:
        raise ValueError("expected a year from 1970 to 9998")
    return value


_EARLIEST, _LATEST = (datetime(year, 1, 1, tzinfo=UTC) for year in (1970, 9999))

#: A publisher's id of something. It cannot be rewritten, so characters that the column cannot hold are refused.
SourceId = Annotated[str, Field(min_length=1, max_length=SHORT, strict=True), AfterValidator(_is_id)]
#: Plain text of any length, of which a column keeps the beginning.
Short = Annotated[str, Field(strict=True), AfterValidator(lambda value: storable(value)[:SHORT].rstrip(" "))]
#: HTML; what the column cannot hold becomes character references.
Html = Annotated[str, Field(strict=True), AfterValidator(storable)]
#: ISO 8601 with an offset.
When = Annotated[AwareDatetime, BeforeValidator(_is_text), AfterValidator(_is_storable)]
#: Text, a number, true, false or null.
Scalar = Annotated[Any, AfterValidator(_is_scalar)]

_CONFIG = ConfigDict(extra="forbid", alias_generator=to_camel, frozen=True)


class IncomingCategory(BaseModel):
    """A section of the site. It is made where there is none of its id or label."""

    model_config = _CONFIG

    source_id: SourceId
    label: Short = Field("", description="what moderators read; by default the id")


class IncomingArticle(BaseModel):
    """What is commented on. It is made where there is none of its id; one that is there stays as it is."""

    model_config = _CONFIG

    source_id: SourceId
    title: Short = Field("", description="what moderators read; by default the id")
    url: Short = ""
    text: Html = ""
    created_at: When | None = None
    category: IncomingCategory | None = None


class IncomingAuthor(BaseModel):
    """Who wrote it. What is given beside the id is kept as it is and shown to moderators."""

    model_config = _CONFIG | ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Scalar]

    source_id: SourceId
    name: str = Field(strict=True, min_length=1)

    @property
    def shown(self) -> dict[str, Any]:
        """What OSMod keeps in `comments.author`."""
        return {"name": self.name, **(self.model_extra or {})}


class IncomingComment(BaseModel):
    """A reader's comment. `sourceId` says which: the same one sent again is the same comment."""

    model_config = _CONFIG | ConfigDict(
        json_schema_extra={
            "example": {
                "sourceId": "comment-1",
                "text": "<p>Well said.</p>",
                "createdAt": "2026-11-27T12:00:00Z",
                "author": {"sourceId": "reader-1", "name": "Ann", "location": "Utrecht"},
                "article": {
                    "sourceId": "article-1",
                    "title": "A headline",
                    "url": "https://news.example/1",
                    "category": {"sourceId": "sport", "label": "Sport"},
                },
            }
        }
    )

    source_id: SourceId
    text: Html = Field(min_length=1, description="HTML")
    author: IncomingAuthor
    article: IncomingArticle
    reply_to_source_id: SourceId | None = Field(None, description="the comment that it answers")
    created_at: When | None = Field(None, description="when it was written; by default now")
