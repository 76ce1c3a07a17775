"""How high a comment stands on OSMod's pages, so that they can lay out long lists without measuring."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from functools import cache, lru_cache
from importlib import resources
from typing import Any

#: The width of a comment on OSMod's pages, in CSS pixels.
DEFAULT_WIDTH = 696
#: CSS pixels.
FONT_SIZE = 16
#: Times the font size.
LINE_HEIGHT = 1.5
#: Characters up to which the width of a word is remembered.
SHORT_WORD = 32

#: Advance, left and right edge of the ink, in font units. A blank's ink is empty: left is above right.
Glyph = tuple[int, float, float]


def text_height(text: str, width: int = DEFAULT_WIDTH) -> int:
    """The height of `text` (a comment's HTML, taken as it is) set `width` wide, both in CSS pixels.

    OSMod's rule, Georgia at 16 pixels with line height 1.5: empty lines are dropped, the others are broken
    at single blanks. A word's width is that of its ink, rounded up; so blanks take no room. A word wider
    than a line is not broken. An empty text has one line. Time is linear in the length of the text.
    """
    return math.ceil((1 + sum(_breaks(text, width))) * FONT_SIZE * LINE_HEIGHT)


def _breaks(text: str, width: int) -> Iterator[int]:
    lines = [line for line in text.split("\n") if line]
    widths: dict[str, int] = {}
    for number, line in enumerate(lines, 1):
        # A carriage return ends a line as well, but counts once with the line feed that follows it.
        yield line.count("\r")
        yield number < len(lines) and not line.endswith("\r")
        space_left, before = width, ""
        for place, word in enumerate(line.split(" ")):
            if word not in widths:
                widths[word] = _width_known(word) if len(word) <= SHORT_WORD else _ink_width(word)
            if place and widths[word] <= space_left:
                space_left -= widths[word]
            else:
                space_left = width - widths[word]
                yield place > 0 and not before.endswith("\r")
            before = word


@lru_cache(maxsize=50_000)
def _width_known(word: str) -> int:
    """Comments are made of the same words again and again."""
    return _ink_width(word)


def _ink_width(word: str) -> int:
    """From the left of the word's outlines to their right, in whole CSS pixels, rounded up."""
    glyphs, units = _font()
    pen, left, right = 0, math.inf, -math.inf
    for character in word:
        advance, ink_left, ink_right = glyphs[character]
        if pen + ink_left < left:
            left = pen + ink_left
        if pen + ink_right > right:
            right = pen + ink_right
        pen += advance
    return math.ceil((right - left) * FONT_SIZE / units) if right > left else 0


class _Glyphs(dict[str, Glyph]):
    """The glyphs by character, and by name the box for a missing one."""

    def __missing__(self, character: str) -> Glyph:
        """A character that the table lacks: Greek and Cyrillic, which Georgia has, by a letter like them.

        It is remembered: Unicode has a million at most.
        """
        if "\u0370" <= character <= "\u052f":
            alike = "N" if character.isupper() else "n"
        else:
            alike = "\t" if character.isspace() else "missing"
        self[character] = self[alike]
        return self[alike]


@cache
def _font() -> tuple[_Glyphs, int]:
    """The glyphs, and the font units of one em."""
    table = json.loads(resources.files("osmod.moderation").joinpath("gelasio.json").read_text("ascii"))
    glyphs = _Glyphs({character: _glyph(*numbers) for character, numbers in table["characters"].items()})
    glyphs["missing"] = _glyph(*table["missing"])
    glyphs["\t"] = glyphs[" "]
    return glyphs, table["unitsPerEm"]


def _glyph(advance: int, *ink: Any) -> Glyph:
    left, right = ink or (math.inf, -math.inf)
    return advance, left, right
