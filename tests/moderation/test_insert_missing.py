"""Rows that are there already stay as they are."""

from __future__ import annotations

from typing import cast

import pytest
from sqlalchemy import ClauseElement, Table, inspect
from sqlalchemy.dialects import mysql

from osmod.moderation.database import _insert_statement
from osmod.moderation.models import Article, Base, Category, Tag


@pytest.mark.parametrize("model", [Article, Category, Tag])
def test_no_key_is_set_that_counts_by_itself(model: type[Base]) -> None:
    """MySQL refuses that (1869) where a row was met by another unique key; MariaDB does not."""
    table = inspect(model).local_table
    assert isinstance(table, Table)
    counts = table.autoincrement_column
    assert counts is not None
    statement = cast("ClauseElement", _insert_statement(model, "mysql", ()))
    said = str(statement.compile(dialect=mysql.dialect()))
    assert "ON DUPLICATE KEY UPDATE" in said
    assert f"UPDATE {counts.name} =" not in said.replace("`", "")
