"""A comment's text cut where scored spans begin and end. Pure: text in, pieces of text out, never HTML."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from osmod.moderation.plain_text import kept, utf16_length


@dataclass(frozen=True)
class Span:
    """One attribute's score of a part of a text, from `start` to `end` in UTF-16 units."""

    start: int
    end: int
    attribute: str
    score: float
    by_moderator: bool = False


@dataclass(frozen=True)
class Piece:
    """A part of a text that no span begins or ends in.

    Attributes:
      at: where it begins, in UTF-16 units.
      spans: those that it is in, the highest score first.
      ending: those of them that end with it.
    """

    text: str
    at: int
    spans: tuple[Span, ...] = ()
    ending: tuple[Span, ...] = ()


def pieces(text: str, spans: Iterable[Span]) -> list[Piece]:
    """`text` in pieces, all of it, in order. Spans beyond its end are cut, and empty ones left out."""
    offsets = _offsets(text)
    length = offsets[-1]
    inside = [
        replace(span, start=max(span.start, 0), end=min(span.end, length))
        for span in spans
        if max(span.start, 0) < min(span.end, length)
    ]
    # A span may begin in the middle of a character of two units: it has all of it then.
    snapped = [
        replace(
            span,
            start=offsets[bisect_right(offsets, span.start) - 1],
            end=offsets[bisect_left(offsets, span.end)],
        )
        for span in inside
    ]
    edges = sorted({0, length, *(edge for span in snapped for edge in (span.start, span.end))})
    index = {offset: at for at, offset in enumerate(offsets)}
    found = []
    for start, end in pairwise(edges):
        over = sorted(
            (span for span in snapped if span.start <= start and end <= span.end),
            key=lambda span: (-span.score, span.attribute),
        )
        ending = tuple(span for span in over if span.end == end)
        found.append(Piece(text[index[start] : index[end]], start, tuple(over), ending))
    return found


def onto_html(html: str, spans: Iterable[Span]) -> list[Span]:
    """Spans of the text that scorers saw, which has no tags, as spans of the comment itself."""
    if "<" not in html:
        return list(spans)
    places = _utf16_places(html)
    # For each unit of the text that scorers saw, its place in the comment.
    seen = [unit for at in kept(html) for unit in range(places[at], places[at + 1])]
    return [
        replace(span, start=seen[span.start], end=seen[min(span.end, len(seen)) - 1] + 1)
        for span in spans
        if span.start < min(span.end, len(seen))
    ]


def _offsets(text: str) -> list[int]:
    """Where each character begins in UTF-16 units, and where the text ends."""
    if text.isascii():
        return list(range(len(text) + 1))
    return _utf16_places(text)


def _utf16_places(text: str) -> list[int]:
    places = [0]
    for letter in text:
        places.append(places[-1] + utf16_length(letter))
    return places


def notable(spans: Sequence[Span], attribute: str | None, least: float) -> list[Span]:
    """Those to be marked: of one attribute all, else what moderators tagged and what scores `least` or more."""
    if attribute is not None:
        return [span for span in spans if span.attribute == attribute]
    return [span for span in spans if span.by_moderator or span.score >= least]
