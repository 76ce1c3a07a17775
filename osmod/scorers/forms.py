"""What all scorers' answers are made of."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, Field, model_validator

from osmod.scorers.contract import Scored

#: What OSMod's columns cannot hold: characters of four bytes, and halves of them.
_LONG = re.compile("[\U00010000-\U0010ffff\ud800-\udfff]")


def _fits(name: str) -> str:
    """A name, with its version or without, must fit into OSMod's tags: else its answer could not be stored."""
    if not unversioned(name).strip() or len(name) > 255 or _LONG.search(name):
        raise ValueError(
            "an attribute's name has 1 to 255 characters, none of them of four bytes, or half of one"
        )
    return name


Probability = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False, strict=True)]
Offset = Annotated[int, Field(ge=0, le=2**32 - 1, strict=True)]
AttributeName = Annotated[str, AfterValidator(_fits)]
#: Each attribute becomes a tag that moderators choose from: a service that went mad is not to make thousands.
FewEnough = Field(max_length=500)


class Span(BaseModel):
    """Where in the text something stands; the score is of the form of whoever gives it."""

    begin: Offset | None = None
    end: Offset | None = None

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Self:
        if self.begin is not None and self.end is not None and self.end < self.begin:
            raise ValueError("the span ends before it begins")
        return self


def unversioned(name: str) -> str:
    """`TOXICITY@6` is TOXICITY."""
    return name.split("@", 1)[0]


def units(text: str) -> int:
    """The length of a text in UTF-16 units, as moderators' browsers count."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def of_the_whole(text: str, summaries: Mapping[str, float]) -> Scored:
    """The answer of a scorer that scores whole texts: each score is the summary, and that of one span."""
    spans = {name: [{"score": score, "begin": 0, "end": units(text)}] for name, score in summaries.items()}
    return Scored({"scores": spans, "summaryScores": dict(summaries)})
