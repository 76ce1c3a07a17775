"""Write `osmod/moderation/gelasio.json`, the widths that `osmod.moderation.text_size` measures with.

    npm pack @fontsource/gelasio && tar xzf fontsource-gelasio-*.tgz
    pip install fonttools brotli
    python scripts/gelasio_widths.py package/files osmod/moderation/gelasio.json

Gelasio (SIL Open Font License 1.1, see NOTICE) has the advance widths of Georgia, which may not be shipped.
Its only kerning pair is an L before a Catalan middle dot, so the table has none.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from fontTools.ttLib import TTFont

SUBSETS = ("latin", "latin-ext", "vietnamese")
"""The parts in which the font is published. A character in several of them is the same in each."""


def measure(font: TTFont, glyph: str) -> list[int]:
    """[advance, left edge of the ink, right edge of the ink], in font units; a blank has the advance alone."""
    advance = font["hmtx"][glyph][0]
    outline = font["glyf"][glyph]
    return [advance, outline.xMin, outline.xMax] if outline.numberOfContours else [advance]


def table(folder: Path) -> dict[str, Any]:
    """The widths of every character of the font's regular upright style."""
    characters: dict[str, list[int]] = {}
    for subset in SUBSETS:
        font = TTFont(folder / f"gelasio-{subset}-400-normal.woff2")
        for code, glyph in font.getBestCmap().items():
            characters.setdefault(chr(code), measure(font, glyph))
    return {
        "source": "Gelasio Regular, SIL Open Font License 1.1, see NOTICE",
        "unitsPerEm": font["head"].unitsPerEm,
        "missing": measure(font, ".notdef"),
        "characters": dict(sorted(characters.items())),
    }


if __name__ == "__main__":
    fonts, target = sys.argv[1:]
    text = json.dumps(table(Path(fonts)), ensure_ascii=True, separators=(",", ":"))
    Path(target).write_text(text.replace("],", "],\n") + "\n", encoding="ascii")
