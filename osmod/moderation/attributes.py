"""Finding and making the tags that scorers' attribute names stand for."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import null, select
from sqlalchemy.orm import Session

from osmod.moderation.database import insert_missing
from osmod.moderation.models import SUMMARY_SCORE, Tag

_TAGS = select(Tag.id, Tag.attribute, Tag.in_summary_score, null())


@dataclass
class KnownTag:
    """A tag, and the summary score that the comment at hand has for it (None: none)."""

    id: int
    attribute: str
    in_summary_score: bool
    summary: float | None


class KnownTags:
    """All tags, with one comment's summary scores."""

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

    def summaries(self) -> dict[int, float]:
        """The comment's summary scores by tag id, in the order of the ids."""
        return {tag.id: tag.summary for tag in self._sorted() if tag.summary is not None}

    def highest(self) -> tuple[float, int] | None:
        """The highest summary score that counts, and its tag; the lowest tag id wins a tie (fact 5)."""
        counting = [tag for tag in self._sorted() if tag.in_summary_score and tag.summary is not None]
        best = max(counting, key=lambda tag: (tag.summary or 0.0, -tag.id), default=None)
        return (best.summary or 0.0, best.id) if best else None

    def _sorted(self) -> Iterable[KnownTag]:
        return sorted(self._tags.values(), key=lambda tag: tag.id)

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
        known = KnownTag(tag.id, tag.attribute, tag.in_summary_score, None)
        self._tags[folded(attribute)] = known
        return known


def all_tags(session: Session) -> KnownTags:
    """All tags, of no comment."""
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
