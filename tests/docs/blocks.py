"""The blocks of the README and of docs/, as they stand on the page.

What the tests need to know of a block stands in HTML comments before it, which readers do not see:

- `<!-- not run: REASON -->`: it cannot run here.
- `<!-- scene: NAME -->`: before it is run, `tests.docs.scenes` makes things as the text around it supposes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_NOTE = re.compile(r"<!-- (not run|scene): (.+?) -->")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """One fenced block.

    Attributes:
      page: the file's path from the root.
      line: where its text begins.
      section: the heading that it stands under.
      language: what stands after the fence; '' for a picture.
      not_run: why it cannot run here; '' if it is run.
      scenes: what is to be made so before it is run.
    """

    page: str
    line: int
    section: str
    language: str
    text: str
    not_run: str
    scenes: tuple[str, ...]

    @property
    def name(self) -> str:
        """Where it stands, for messages."""
        return f"{self.page}:{self.line}"

    def commands(self) -> list[tuple[str, str]]:
        """Of a console block, each command with what the page shows of its output."""
        parts = re.split(r"^\$ ", self.text, flags=re.MULTILINE)
        assert not parts[0], f"{self.name}: a console block begins with a command"
        return [(command, shown) for command, _, shown in (part.partition("\n") for part in parts[1:])]

    def write(self, folder: Path) -> Path:
        """Put it into a file: where its first line says, among the actors, or beside them. Returns the file."""
        first = self.text.partition("\n")[0]
        named = first.removeprefix("# ") if first.startswith("# actors/") else ""
        path = folder / (named or f"{Path(self.page).stem}_{self.line}.py")
        path.write_text(self.text)
        return path


def blocks_of(page: Path) -> list[Block]:
    """All blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    found = []
    end = 0
    for fence in _FENCE.finditer(text):
        notes = _NOTE.findall(text[end : fence.start()])
        headings = _HEADING.findall(_FENCE.sub("", text[: fence.start()]))
        found.append(
            Block(
                page=page.relative_to(ROOT).as_posix(),
                line=text.count("\n", 0, fence.start()) + 2,
                section=headings[-1] if headings else "",
                language=fence[1],
                text=fence[2],
                not_run=next((said for kind, said in notes if kind == "not run"), ""),
                scenes=tuple(said for kind, said in notes if kind == "scene"),
            )
        )
        end = fence.end()
    return found


def all_blocks(*languages: str) -> list[Block]:
    """The blocks of all pages in these languages."""
    return [block for page in PAGES for block in blocks_of(page) if block.language in languages]
