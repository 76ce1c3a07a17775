"""Putting a case's fixture into a database, and reading a database back in the cases' form."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Boolean, Connection, Engine, delete, insert, select
from sqlalchemy.orm import Session

from osmod.moderation import counts
from osmod.moderation.models import COUNTS, Article, Base, Category, Comment, now
from osmod.moderation.models.types import Json, Moment
from tests.golden.case import Case, Row, Tables, by_id, counts_of

TABLES = {table.name: table for table in Base.metadata.sorted_tables}
COMPARED = (
    "comments",
    "articles",
    "categories",
    "comment_scores",
    "comment_summary_scores",
    "comment_top_scores",
    "comment_score_requests",
    "comment_flags",
    "decisions",
    "tags",
    "comment_sizes",
)


def load(engine: Engine, case: Case, scorer_host: str) -> None:
    """Empty the database and put the case's fixture in; then count what OSMod would count (`_true_counts`)."""
    fill(engine, case.fixture, scorer_host)
    with Session(engine) as session:
        _true_counts(session, case)
        session.commit()


def fill(engine: Engine, tables: Tables, scorer_host: str = "") -> None:
    """Empty the database and put these rows in; new rows get the ids that follow."""
    with engine.begin() as connection:
        _empty(connection)
        _insert(connection, tables, scorer_host)


def refill(engine: Engine, tables: Tables, changed: Collection[str]) -> None:
    """Put these rows in the place of those in the tables that were changed; ids that were used up stay so."""
    if (
        engine.dialect.name == "sqlite"
    ):  # its rows take others along when they go, and to empty it takes no time
        fill(engine, tables)
        return
    with engine.begin() as connection:
        _foreign_keys(connection, on=False)
        for name in changed:
            connection.execute(delete(TABLES[name]))
        _insert(connection, {name: rows for name, rows in tables.items() if name in changed}, "")


def _insert(connection: Connection, tables: Tables, scorer_host: str) -> None:
    _foreign_keys(connection, on=False)
    for name, rows in tables.items():
        bound = [_bindable(name, row, scorer_host) for row in rows]
        for _columns, alike in groupby(bound, key=list):  # a column that is left out takes its default
            connection.execute(insert(TABLES[name]), list(alike))
    _foreign_keys(connection, on=True)


def dump(engine: Engine, tables: Iterable[str] = COMPARED) -> Tables:
    """These tables: rows by key, datetimes as they are, booleans as 0 and 1, JSON parsed."""
    with engine.connect() as connection:
        return {name: _rows(connection, name) for name in tables}


def _true_counts(session: Session, case: Case) -> None:
    """Count the fixture's comments where OSMod does so in the course of the case.

    OSMod counts an article anew whenever a task touches it, whatever the fixture said; ours moves counts by
    differences and needs them right at the start. Comments that a task takes in later are not counted yet.
    """
    articles, categories = by_id(case.expected["articles"]), by_id(case.expected["categories"])
    for told in case.fixture["articles"]:
        if counts_of(articles[told["id"]]) == counts_of(told):
            continue
        article = session.get_one(Article, told["id"])
        comments = session.query(Comment).filter_by(article_id=article.id).all()
        standings = [counts.standing(comment) for comment in comments if comment.id not in case.ingested()]
        _set(article, {name: sum(standing[name] for standing in standings) for name in COUNTS})
    session.flush()
    for told in case.fixture["categories"]:
        if counts_of(categories[told["id"]]) == counts_of(told):
            continue
        category = session.get_one(Category, told["id"])
        members = session.query(Article).filter_by(category_id=category.id).all()
        _set(category, {name: sum(getattr(member, name) for member in members) for name in COUNTS})


def _set(row: Article | Category, right: dict[str, int]) -> None:
    for name, count in right.items():
        setattr(row, name, count)
    row.updated_at = now()  # OSMod's first count writes the row


def _empty(connection: Connection) -> None:
    mysql = connection.dialect.name != "sqlite"
    _foreign_keys(connection, on=False)
    if mysql:
        for name in _written(connection):
            connection.exec_driver_sql(f"TRUNCATE TABLE `{name}`")
    else:
        for table in TABLES.values():
            connection.execute(delete(table))
        connection.exec_driver_sql("DELETE FROM sqlite_sequence")  # ids start at 1 again
    _foreign_keys(connection, on=True)


def _written(connection: Connection) -> list[str]:
    """The tables that hold rows or have given out ids: to empty one on MariaDB takes its time."""
    rows = " UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM `{name}`)" for name in TABLES)
    ids = (
        "SELECT table_name FROM information_schema.tables "
        "WHERE table_schema = DATABASE() AND auto_increment > 1"
    )
    found = set(connection.exec_driver_sql(f"{rows} UNION {ids}").scalars())
    return [name for name in TABLES if name in found]


def _foreign_keys(connection: Connection, *, on: bool) -> None:
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"PRAGMA defer_foreign_keys = {'OFF' if on else 'ON'}")
    else:
        connection.exec_driver_sql(f"SET foreign_key_checks = {int(on)}")


def _bindable(table: str, row: Row, scorer_host: str) -> Row:
    columns = TABLES[table].columns
    bound: Row = {}
    for name, value in row.items():
        if isinstance(columns[name].type, Json):
            bound[name] = json.loads(json.dumps(value).replace("SCORER_HOST", scorer_host))
        elif isinstance(columns[name].type, Moment) and isinstance(value, str):
            bound[name] = datetime.fromisoformat(value)
        elif isinstance(columns[name].type, Boolean) and value is not None:
            bound[name] = bool(value)
        else:
            bound[name] = value
    # Python-side defaults of ours must not stand in for the database's own.
    return bound


def _rows(connection: Connection, name: str) -> list[Row]:
    table = TABLES[name]
    found = connection.execute(select(table).order_by(*table.primary_key))
    return [{key: _shown(value) for key, value in row._mapping.items()} for row in found]


def _shown(value: Any) -> Any:
    return int(value) if isinstance(value, bool) else value
