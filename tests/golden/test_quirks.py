"""docs/osmod-quirks.md against what it speaks of: cases, code, and every quirk that OSMod was seen to have."""

from __future__ import annotations

import importlib
import json
import re
from pathlib import Path

DOCUMENT = (Path(__file__).parents[2] / "docs" / "osmod-quirks.md").read_text(encoding="utf-8")
CASES = Path(__file__).parent / "cases"
KEPT = {2, 4, 5, 6, 7, 8, 9, 11, 13}
MENDED = {1, 3, 8, 10, 12, 14, 15, 16}  # 8 is two, one of them kept


def numbers(heading: str) -> set[int]:
    """The quirks listed in a table."""
    section = DOCUMENT.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return {int(number) for number in re.findall(r"(?m)^\| (\d+) \|", section)}


def test_every_quirk_is_there() -> None:
    """Each quirk is in the table of those kept, or in that of those mended."""
    assert (KEPT, MENDED) == (numbers("Kept"), numbers("Mended"))


def test_cases_exist() -> None:
    """Each case named is there, and each case that differs is named."""
    known = {path.stem for path in CASES.glob("*.json")}
    families = {name.partition("_")[0] for name in known}
    named = set(re.findall(rf"`((?:{'|'.join(families)})_[a-z_]+)`", DOCUMENT))
    assert set() == named - known
    differing = {
        path.stem for path in CASES.glob("*.json") if "differs" in json.loads(path.read_text("utf-8"))
    }
    assert set() == differing - named


def test_code_exists() -> None:
    """Each function named is where it is said to be."""
    modules = "attributes|counts|decisions|rules|scoring|sending"
    for module, names in re.findall(rf"`({modules})\.([\w.]+)`", DOCUMENT):
        found: object = importlib.import_module(f"osmod.moderation.{module}")
        for name in names.split("."):
            found = getattr(found, name)
