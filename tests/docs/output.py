"""Whether a command prints what a page shows."""

from __future__ import annotations

import re
from itertools import count

#: What differs from run to run: moments, ids, lengths of time, rates, addresses, versions, people, threads.
_CHANGES = (
    r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:[.+][\d.+:]+)?(?: UTC)?",
    r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    r"\b\d[\d,.]* (?:ms|s|min|h|d)\b",
    r"\b\d[\d.]* comments a second",
    r"redis://[\w.:/]*\w",
    r"(?:Redis|Valkey|SQLite) [\d.]+\d",
    r"\w+@[\w.-]*\w",
    r"[\w.-]+:\d+ Thread-\d+",
)


def pattern_of(shown: str) -> re.Pattern[str]:
    """What the output must match as a whole: a line of `…` is any lines, `…` in a line is anything in it.

    What changes from run to run is any of its kind; spaces are as many as there are.
    """
    lines = [r"(?:.*\n)*?" if line.strip() == "…" else _line(line) + "\n" for line in shown.splitlines()]
    return re.compile("".join(lines))


def _line(line: str) -> str:
    marks: dict[str, str] = {"…": ".*"}
    numbers = count()

    for change in _CHANGES:

        def mark(_: re.Match[str], change: str = change) -> str:
            # A letter of a private kind, which no other pattern finds and `escape` leaves as it is.
            letter = chr(0xE000 + next(numbers))
            marks[letter] = f"(?:{change})"
            return letter

        line = re.sub(change, mark, line)
    made = r"\s+".join(re.escape(word) for word in line.split())
    return r"\s*" + "".join(marks.get(letter, letter) for letter in made) + r"\s*?"


def plain(output: str) -> str:
    """Output without the spaces at the end of its lines."""
    return "".join(line.rstrip() + "\n" for line in output.splitlines())
