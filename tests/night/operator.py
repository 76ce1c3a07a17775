"""Somebody who was woken and has docs/operations.md."""

from __future__ import annotations

import json
import re
import shlex
from typing import Any

from click.testing import Result

from tests.docs.blocks import ROOT
from tests.docs.sandbox import Sandbox

_PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
_TOLD = re.compile(r"^\$ (.+)$|`((?:osmod|redis-cli) [^`]+)`", re.MULTILINE)
#: Commands that have commands of their own.
_GROUPS = {"jobs", "queues", "schedules", "workers", "db"}
#: Options that every command has.
_EVERYWHERE = {"--json"}


def skeleton(command: str) -> tuple[tuple[str, ...], frozenset[str]]:
    """A command without what belongs to one case: its first words, and the names of its options."""
    words = shlex.split(command)
    options = frozenset(word for word in words if word.startswith("--")) - _EVERYWHERE
    return tuple(words[: 3 if words[1] in _GROUPS else 2]), options


#: What the page tells to type: of each command, every set of options.
TOLD = [skeleton(first or second) for first, second in _TOLD.findall(_PAGE)]


class Operator:
    """Types commands that stand on the page, whatever ids and values they are given. Any other is refused."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def starts(self, command: str) -> None:
        """Start a service of the page, in processes of its own."""
        _check(command)
        self._sandbox.run(command)

    def types(self, command: str) -> Result:
        """Run another command of the page: in this process, as there are many."""
        _check(command)
        return self._sandbox.type(command)

    def sees(self, command: str) -> Any:
        """What a command of the page gives with `--json`; what it says to people stands behind that."""
        found, _ = json.JSONDecoder().raw_decode(self.types(f"{command} --json").output)
        return found

    def wakes_to(self, *areas: str) -> list[str]:
        """What `osmod check` warns of or calls an error in these areas, as the monitoring hears it."""
        found = self.sees("osmod check")
        return [
            one["message"] for area in areas for one in found[area] if one["level"] in ("warning", "error")
        ]


def _check(command: str) -> None:
    start, options = skeleton(command)
    assert any(start == told and options <= known for told, known in TOLD), (
        f"docs/operations.md does not say `{command}`"
    )
