"""Comments of one's own, from a CSV file."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from osmod.demo.dealing import Entry, place

#: Columns that may be there beside `text`. Others are passed over.
OPTIONAL = ("id", "article", "category", "author", "reply_to")
#: Characters, for all columns but `text`: what OSMod's own tables hold.
LONGEST = 255


class BadFile(Exception):
    """The file cannot be used. The message names the line, the column and what to do."""


def read(path: Path, limit: int) -> list[Entry]:
    """The first `limit` comments of a CSV file (UTF-8, with a header line, separated by commas).

    What a line leaves out is made up as for comments that have nothing but a text.

    Raises:
      BadFile: it is no such file; names the line.
    """
    csv.field_size_limit(2**31 - 1)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return _entries(path, csv.reader(file, strict=True), limit)
    except OSError as error:
        raise BadFile(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BadFile(f"{path} is not UTF-8 (byte {error.start}): save it as UTF-8") from error


def _entries(path: Path, rows: Iterator[list[str]], limit: int) -> list[Entry]:
    lines = _Lines(path, rows)
    header = [name.strip().lower() for name in lines.next() or []]
    if "text" not in header:
        found = ", ".join(filter(None, header)) or "nothing"
        raise BadFile(
            f"{path}, line 1: there must be a column text (and may be {', '.join(OPTIONAL)}); found: {found}"
        )
    for name in ("text", *OPTIONAL):
        if header.count(name) > 1:
            raise BadFile(f"{path}, line 1: there are {header.count(name)} columns {name}; keep one")
    entries: list[Entry] = []
    seen: dict[str, int] = {}
    while len(entries) < limit and (row := lines.next()) is not None:
        if any(value.strip() for value in row[len(header) :]):
            raise lines.bad(
                header[-1], f"is followed by {len(row) - len(header)} values more; quote texts with commas"
            )
        if row:
            entries.append(_entry(lines, dict(zip(header, row, strict=False)), len(entries), seen))
    if not entries:
        raise BadFile(f"{path} has no comments: there is no line below the header")
    return entries


def _entry(lines: _Lines, row: dict[str, str], number: int, seen: dict[str, int]) -> Entry:
    given = {name: row.get(name, "").strip() for name in OPTIONAL}
    for name, value in given.items():
        if len(value) > LONGEST:
            raise lines.bad(name, f"has {len(value)} characters, {LONGEST} fit")
        if any(letter > "\uffff" for letter in value):
            raise lines.bad(name, "has a four-byte character (an emoji?), which only text may have")
    text = row.get("text", "")
    if not text.strip():
        raise lines.bad("text", "is empty")
    made_up = place(number, text)
    source_id = given["id"] or made_up.source_id
    if source_id in seen:
        raise lines.bad("id", f"is {source_id!r}, as in line {seen[source_id]}; ids must differ")
    if given["reply_to"] and given["reply_to"] not in seen:
        raise lines.bad("reply_to", f"is {given['reply_to']!r}, which is the id of no comment above")
    seen[source_id] = lines.number
    return Entry(
        source_id=source_id,
        category=given["category"] or (made_up.category if not given["article"] else "Comments"),
        article=given["article"] or made_up.article,
        author=given["author"] or made_up.author,
        text=text,
        reply_to=given["reply_to"] or None,
    )


class _Lines:
    """Reads rows, and knows in which line of the file the last one began."""

    def __init__(self, path: Path, rows: Iterator[list[str]]) -> None:
        self._path, self._rows = path, rows
        self.number = 0
        self._next = 1

    def next(self) -> list[str] | None:
        self.number = self._next
        try:
            row = next(self._rows, None)
        except csv.Error as error:
            raise BadFile(f"{self._path}, line {self.number}: {error}; is it separated by commas?") from error
        self._next = getattr(self._rows, "line_num", self.number) + 1
        return row

    def bad(self, column: str, what: str) -> BadFile:
        return BadFile(f"{self._path}, line {self.number}, column {column}: {what}")
