"""The README's table of actors, made from what is registered: `python -m tests.structure.actor_table`."""

from __future__ import annotations

import inspect
import re
import sys
from pathlib import Path
from typing import Any

import dramatiq
from pydantic.alias_generators import to_camel

import actors

README = Path(__file__).parents[2] / "README.md"
_TABLE = re.compile(r"(?<=is registered -->\n)(?:\|.*\n|@@ACTORS@@\n)+")


def table() -> str:
    """The table: wire name, arguments as they travel, schedule, and what it does."""
    lines = ["| wire name | arguments | does |", "|---|---|---|"]
    found: list[dramatiq.Actor[..., Any]] = [getattr(actors, name) for name in actors.__all__]
    lines += [_row(actor) for actor in sorted(found, key=lambda actor: actor.actor_name.lower())]
    return "\n".join(lines) + "\n"


def in_readme() -> str:
    """The table as it stands in the README."""
    found = _TABLE.search(README.read_text(encoding="utf-8"))
    assert found, "the README has no table of actors"
    return found.group()


def _row(actor: dramatiq.Actor[..., Any]) -> str:
    does = (inspect.getdoc(actor.fn) or "").split("\n")[0].split(". ")[0].rstrip(".")
    periodic = actor.options.get("periodic")
    when = f" ({periodic.words})" if periodic else ""
    return f"| `{actor.actor_name}` | {_arguments(actor)} | {does}{when} |"


def _arguments(actor: dramatiq.Actor[..., Any]) -> str:
    parameters = inspect.signature(actor.fn).parameters.values()
    shown = [f"`{to_camel(p.name)}`" + ("" if p.default is p.empty else "?") for p in parameters]
    return ", ".join(shown) or "none"


if __name__ == "__main__":
    text = README.read_text(encoding="utf-8")
    README.write_text(_TABLE.sub(lambda _found: table(), text), encoding="utf-8")
    sys.stdout.write(table())
