"""What a request did to the tables, in the cases' form."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tests.golden.canonical import REFERENCES
from tests.golden.case import Row, Tables
from tests.golden.fixture import TABLES

#: OSMod's tables that we know; `updatedAt` changes with whatever else does.
COMPARED = tuple(name for name in TABLES if not name.startswith("osmod_worker_"))
_IGNORED = {"updatedAt"}


def effect(before: Tables, after: Tables) -> dict[str, Any]:
    """`{table: {added: [row without nulls], changed: {key: {column: new}}, removed: [keys]}}`.

    The ids of added rows are told as if no other had been used up since `before`.
    """
    ids = {name: _told_ids(before[name], after[name]) for name in before}
    told = {name: _of_table(name, before[name], _renumbered(name, after[name], ids)) for name in before}
    return {name: parts for name, parts in told.items() if parts}


def _told_ids(before: list[Row], after: list[Row]) -> dict[int, int]:
    """The id of each added row → the id that is told of it."""
    known = {row["id"] for row in before if isinstance(row.get("id"), int)}
    new = sorted(row["id"] for row in after if isinstance(row.get("id"), int) and row["id"] not in known)
    return {number: told for told, number in enumerate(new, max(known, default=0) + 1)}


def _renumbered(table: str, rows: list[Row], ids: dict[str, dict[int, int]]) -> list[Row]:
    told = {column: ids.get(of, {}) for column, of in {**REFERENCES, "id": table}.items()}
    return [
        row | {name: told[name].get(row[name], row[name]) for name in told if name in row} for row in rows
    ]


def _of_table(name: str, before: list[Row], after: list[Row]) -> dict[str, Any]:
    old, new = _by_key(name, before), _by_key(name, after)
    parts = {
        "added": [
            {
                column: _shown(value)
                for column, value in row.items()
                if value is not None and column not in _IGNORED
            }
            for key, row in new.items()
            if key not in old
        ],
        "changed": {
            key: columns for key, row in new.items() if key in old and (columns := _changed(old[key], row))
        },
        "removed": [key for key in old if key not in new],
    }
    return {part: told for part, told in parts.items() if told}


def _by_key(name: str, rows: list[Row]) -> dict[str, Row]:
    columns = [column.name for column in TABLES[name].primary_key]
    return {":".join(str(row[column]) for column in columns): row for row in rows}


def _changed(old: Row, new: Row) -> Row:
    return {
        column: _shown(value)
        for column, value in new.items()
        if column not in _IGNORED and value != old[column]
    }


def _shown(value: Any) -> Any:
    return "set" if isinstance(value, datetime) else value
