"""Rows made comparable: ids given by the database are numbered anew, datetimes are only set or not."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from tests.golden.case import Row, Tables

REFERENCES = {
    "articleId": "articles",
    "categoryId": "categories",
    "commentId": "comments",
    "commentScoreId": "comment_scores",
    "commentScoreRequestId": "comment_score_requests",
    "maxSummaryScoreTagId": "tags",
    "moderationRuleId": "moderation_rules",
    "replyId": "comments",
    "tagId": "tags",
}


class Numbering:
    """New ids of each table → "new 1", "new 2", … in their order; ids of the fixture stay."""

    def __init__(self, fixture: Tables, state: Tables) -> None:
        self._names: dict[str, dict[int, str]] = {}
        for table, rows in state.items():
            known = {row.get("id") for row in fixture.get(table, [])}
            new = sorted(row["id"] for row in rows if "id" in row and row["id"] not in known)
            self._names[table] = {number: f"new {place}" for place, number in enumerate(new, 1)}

    def of(self, table: str, number: Any) -> Any:
        """The comparable form of an id."""
        return self._names.get(table, {}).get(number, number)

    def row(self, table: str, row: Row) -> Row:
        """The comparable form of a row."""
        return {column: self._value(table, column, value) for column, value in row.items()}

    def rows(self, table: str, rows: list[Row]) -> list[Row]:
        """The comparable form of a table."""
        return sorted((self.row(table, row) for row in rows), key=_place)

    def _value(self, table: str, column: str, value: Any) -> Any:
        if isinstance(value, datetime):
            return "set"
        if column == "id":
            return self.of(table, value)
        if column in REFERENCES:
            return self.of(REFERENCES[column], value)
        return value


def _place(row: Row) -> list[tuple[int, int]]:
    keys = ("id",) if "id" in row else ("commentId", "tagId")
    return [_order(row.get(key)) for key in keys]


def _order(value: Any) -> tuple[int, int]:
    if isinstance(value, str):
        return 1, int(re.sub(r"\D", "", value))
    return 0, value or 0


def request(told: Row) -> Row:
    """A request to a scorer without its address and its request's number."""
    body = dict(told["body"])
    body["clientToken"] = re.sub(r"_request\d+$", "_request", body["clientToken"])
    return {"scorer": told["scorer"], "key": told["key"], "body": body, "status": told["status"]}
