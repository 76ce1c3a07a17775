"""Finding and making the tags that scorers' attribute names stand for."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import select
from sqlalchemy.orm import Session

from osmod.moderation.database import insert_missing
from osmod.moderation.models import SUMMARY_SCORE, Tag

_TAGS = select(Tag.id, Tag.attribute, Tag.in_summary_score)


@dataclass(frozen=True)
class KnownTag:
    """A tag; `in_summary_score` says whether its score counts for the highest one of a comment."""

    id: int
    attribute: str
    in_summary_score: bool


class KnownTags:
    """All tags, found by the names of attributes."""

    def __init__(self, session: Session, tags: Iterable[KnownTag]) -> None:
        self._session = session
        self._tags = {folded(tag.attribute): tag for tag in tags}

    def of(self, attribute: str) -> KnownTag:
        """The tag of an attribute name, compared as OSMod's collation does; made where there is none."""
        return self._tags.get(folded(attribute)) or self._make(attribute.strip())

    def summary_tag_id(self) -> int | None:
        """The id of the tag SUMMARY_SCORE, where it exists."""
        tag = self._tags.get(folded(SUMMARY_SCORE))
        return tag.id if tag else None

    def highest(self, summaries: Mapping[int, float]) -> tuple[float, int] | None:
        """The highest of a comment's summary scores (by tag) that counts, and its tag; the lowest tag id wins a tie.

        Fact 5.
        """
        counting = [
            (summaries[tag.id], tag.id)
            for tag in self._tags.values()
            if tag.in_summary_score and tag.id in summaries
        ]
        return max(counting, key=lambda one: (one[0], -one[1]), default=None)

    def _make(self, attribute: str) -> KnownTag:
        is_summary = attribute == SUMMARY_SCORE
        row = {
            "attribute": attribute,
            "label": label_of(attribute),
            "color": "#cccccc" if is_summary else color_of(attribute),
            "is_in_batch_view": True,
            "in_summary_score": not is_summary,
        }
        # It may be there: made by another worker since, or another spelling that the collation takes for the same.
        insert_missing(self._session, Tag, [row])
        tag = self._session.scalars(select(Tag).where(Tag.attribute == attribute)).one()
        known = KnownTag(tag.id, tag.attribute, tag.in_summary_score)
        self._tags[folded(attribute)] = known
        return known


def all_tags(session: Session) -> KnownTags:
    """All tags."""
    return KnownTags(session, [KnownTag(*row) for row in session.execute(_TAGS)])


@lru_cache(maxsize=4096)
def folded(name: str) -> str:
    """A name without outer blanks, case and accents: names that MySQL's collation holds for equal are equal."""
    decomposed = unicodedata.normalize("NFKD", name.strip().casefold())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def label_of(attribute: str) -> str:
    """A name for people: "likely_to_reject" → "Likely To Reject", "camelCaseKey" → "Camel Case Key"."""
    spaced = re.sub(r"([a-z\d])([A-Z]+)", r"\1_\2", attribute.strip())
    words = re.sub(r"_id$", "", re.sub(r"[-\s]+", "_", spaced).lower()).replace("_", " ").strip()
    return re.sub(r"(?:^|\s)\S", lambda match: match.group().upper(), words)


def color_of(attribute: str) -> str:
    """The colour OSMod gives a new tag: a hash of its name, dark enough for white text."""
    value = 0
    for unit in _utf16(attribute):
        value = (unit + ((value << 5) - value)) & 0xFFFFFFFF
    masked = value & 0x7F7F7F
    return f"rgb({masked >> 16 & 0xFF}, {masked >> 8 & 0xFF}, {masked & 0xFF})"


def _utf16(text: str) -> list[int]:
    encoded = text.encode("utf-16-le")
    return [int.from_bytes(encoded[i : i + 2], "little") for i in range(0, len(encoded), 2)]
