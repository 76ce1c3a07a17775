"""docs/operations.md says of each message that asks for attention what it means and what to do."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.structure.imports import ROOT

LOUD = ("warning", "error", "critical", "exception")
#: What stands for a value: `%s` in the code, an ellipsis or a word in capitals on the page.
VALUE = re.compile(r"%[-.\d]*[a-z]|\b[A-Z]+\b")
WORDS = re.compile(r"[a-z]{3,}", re.IGNORECASE)
#: How the line of an outage goes on after its name; `normal` leaves no message with this end.
AWAY = " away: …"
#: Of uvicorn's, by its own logger, of a request that is none.
NOT_OURS = ("INVALID",)
#: Says what `Outage(…)` names, which is looked for where it is made.
OUTAGES = ROOT / "osmod/outages.py"


def normal(message: str) -> str:
    """The message with `…` for each value."""
    return VALUE.sub("…", message).removesuffix("…").rstrip()


def loud_messages(path: Path) -> Iterator[str]:
    """What one file logs, and how that begins what its outages say."""
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        called = ast.unparse(node.func)
        first = node.args[0]
        if re.fullmatch(rf"(.*\.)?_?log(ger)?\.({'|'.join(LOUD)})", called):
            said = ast.literal_eval(first) if isinstance(first, ast.Constant) else ast.unparse(first)
            if said not in NOT_OURS and WORDS.search(VALUE.sub("", said)):
                yield normal(said)
        elif called == "Outage":
            text = ast.unparse(first).removeprefix("f").strip("'\"")
            yield re.sub(r"\{.*?\}", "…", text[:1].upper() + text[1:]) + AWAY


def explained() -> list[str]:
    """The messages in the first columns of the tables under *Logs*."""
    page = (ROOT / "docs/operations.md").read_text().partition("\n## Logs\n")[2].partition("\n## ")[0]
    cells = (row.split(" | ")[0] for row in page.splitlines() if row.startswith("| `"))
    return [normal(message) for cell in cells for message in re.findall(r"`([^`]+)`", cell)]


def stands(message: str, on_page: list[str]) -> bool:
    """Whether the page has its beginning: enough of it to be found by."""
    if message.endswith(AWAY):
        began = re.compile(re.escape(message.removesuffix(" …")).replace("…", ".+"))
        return any(began.match(one) for one in on_page)
    return any(message.startswith(one) and WORDS.search(one) for one in on_page)


def test_each_is_explained() -> None:
    """Whatever is logged as a warning or worse stands in a table, by its beginning."""
    on_page = explained()
    files = sorted(path for folder in ("osmod", "actors") for path in (ROOT / folder).rglob("*.py"))
    missing = [
        f"{path.relative_to(ROOT)}: {message}"
        for path in files
        if path != OUTAGES
        for message in loud_messages(path)
        if not stands(message, on_page)
    ]
    assert [] == missing


def test_what_is_compared() -> None:
    """A message that is not on the page is missed, one that is there by its beginning is not."""
    assert stands(normal("Job %s cannot be read; it is failed: %s"), [normal("Job … cannot be read; …")])
    assert not stands(normal("Job %s was eaten: %s"), [normal("Job … cannot be read; …")])
    assert stands("Channel …" + AWAY, ["Channel update-notification away: …"])
    assert not stands("Queue" + AWAY, ["Redis away: …"])
