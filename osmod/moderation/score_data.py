"""A scorer's answer as it travels in a job: `{scores: {KEY: [{score, begin?, end?}]}, summaryScores: {KEY: n}}`."""

from __future__ import annotations

import json
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, model_validator
from pydantic.alias_generators import to_camel

from osmod.moderation.utf8mb3 import checked

#: What OSMod's `int unsigned` columns hold at most.
UNSIGNED_MAX = 2**32 - 1
#: Each attribute becomes a tag that moderators choose from: a service that went mad is not to make thousands.
FewEnough = Field(max_length=500)
#: Characters of an answer's `extra`, which is stored once a span.
EXTRA_LENGTH = 1_000


def _is_attribute(name: str) -> str:
    if not 0 < len(name.strip()) <= 255:
        raise ValueError("an attribute name has 1 to 255 characters")
    return checked(name)


def _is_small_json(extra: dict[str, JsonValue]) -> dict[str, JsonValue]:
    if len(json.dumps(extra, allow_nan=False)) > EXTRA_LENGTH:
        raise ValueError(f"as JSON it has at most {EXTRA_LENGTH} characters")
    return extra


#: 0 to 1; OSMod stores it in single precision.
Score = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False, strict=True)]
#: UTF-16 units from the start of the text that the scorer saw; may lie beyond our text's end.
Offset = Annotated[int, Field(ge=0, le=UNSIGNED_MAX, strict=True)]
#: A scorer's attribute name; blanks and case make no difference.
Attribute = Annotated[str, AfterValidator(_is_attribute)]


class SpanScore(BaseModel):
    """The score of one span. A missing `begin` or `end` stays missing."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    score: Score
    begin: Offset | None = None
    end: Offset | None = None

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> SpanScore:
        if self.begin is not None and self.end is not None and self.end < self.begin:
            raise ValueError(f"the span ends ({self.end}) before it begins ({self.begin})")
        return self


class ScoreData(BaseModel):
    """All that one scorer said of one comment.

    `extra`, if there is any, is kept with each span's score: that only the beginning of the text was scored, say.
    """

    model_config = ConfigDict(
        extra="forbid", frozen=True, alias_generator=to_camel, validate_by_name=True, validate_by_alias=True
    )

    scores: Annotated[dict[Attribute, list[SpanScore]], FewEnough]
    summary_scores: Annotated[dict[Attribute, Score], FewEnough]
    extra: Annotated[dict[str, JsonValue], AfterValidator(_is_small_json)] | None = None
