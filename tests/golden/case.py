"""A golden case as it lies in its file; the form is described in the project's notes on OSMod's behaviour."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from osmod.moderation.models import Base

Row = dict[str, Any]
Tables = dict[str, list[Row]]

#: The tables whose state after each task a case tells.
STEP_TABLES = ("comments", "articles", "categories")
COUNTED = ("articles", "categories")
COUNT_COLUMNS = frozenset(
    column.name for column in Base.metadata.tables["articles"].columns if column.name.endswith("Count")
)


@dataclass(frozen=True)
class Case:
    """One case. `differs` says, where ours means to differ from OSMod, in what and why."""

    name: str
    path: Path
    fixture: Tables
    tasks: list[Row]
    expected: Tables
    errors: dict[int, Row]
    steps: list[Tables]
    notifications: list[list[list[Any]]]
    datetimes_changed: dict[str, dict[str, list[str]]]
    scorer: dict[str, Any] = field(default_factory=dict)
    scorer_requests: list[Row] = field(default_factory=list)
    differs: str | None = None

    @classmethod
    def load(cls, path: Path) -> Case:
        """Read a case file. Raises `KeyError` or `ValueError` for what is none."""
        told = json.loads(path.read_text(encoding="utf-8"))
        return cls(
            name=told["name"],
            path=path,
            fixture=told["fixture"],
            tasks=told["tasks"],
            expected=told["expected"],
            errors={error["task"]: error for error in told.get("errors", [])},
            steps=told.get("steps", []),
            notifications=told.get("notifications", []),
            datetimes_changed=told.get("datetimes_changed", {}),
            scorer=told.get("scorer") or {},
            scorer_requests=told.get("scorer_requests") or [],
            differs=told.get("differs"),
        )

    def ingested_by(self, step: int) -> set[int]:
        """The comments that a `@postProcessComment` task up to `step` takes in."""
        return self._ingested(self.tasks[: step + 1])

    def ingested(self) -> set[int]:
        """The comments that some `@postProcessComment` task takes in."""
        return self._ingested(self.tasks)

    @staticmethod
    def _ingested(tasks: list[Row]) -> set[int]:
        return {task["data"]["commentId"] for task in tasks if task["name"] == "@postProcessComment"}


def counts_of(row: Row) -> dict[str, int]:
    """The count columns of an article's or category's row, 0 where the row does not say."""
    return {column: row.get(column, 0) for column in COUNT_COLUMNS}


def by_id(rows: list[Row]) -> dict[int, Row]:
    """Rows of a table by their id."""
    return {row["id"]: row for row in rows}
