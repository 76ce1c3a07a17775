"""A database as OSMod's own server makes it, from `osmod_schema.md`: what MariaDB 10.11 reports of one.

On MySQL, columns that MariaDB stores as checked text are JSON's own.
"""

from __future__ import annotations

import re
from pathlib import Path

from sqlalchemy import Connection, Engine

from osmod.moderation.models import Base

_SCHEMA = (Path(__file__).parent / "osmod_schema.md").read_text()
_CHECKED_TEXT = re.compile(r"longtext( NOT NULL| DEFAULT NULL) CHECK \(json_valid\(`\w+`\)\)")
_BLOCK = re.compile(r"### (\w+)\n```\n(.*?)\n(\) ENGINE.*?)\n```", re.DOTALL)

#: For each table its columns, keys and constraints, a line each, and what follows the closing bracket.
TABLES = {name: (body.splitlines(), ending) for name, body, ending in _BLOCK.findall(_SCHEMA)}
#: One of OSMod's tables that the worker does not use.
OTHER_TABLE = "CREATE TABLE `preselects` (`id` integer NOT NULL PRIMARY KEY, `upperThreshold` float)"


def load(engine: Engine) -> None:
    """Make OSMod's tables, and a row in them."""
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            Base.metadata.create_all(connection, tables=[Base.metadata.tables[name] for name in TABLES])
        else:
            connection.exec_driver_sql("SET foreign_key_checks = 0")
            for name in TABLES:
                connection.exec_driver_sql(_statement(name, connection))
            connection.exec_driver_sql("SET foreign_key_checks = 1")
        connection.exec_driver_sql(OTHER_TABLE)
        connection.exec_driver_sql("INSERT INTO tags (label, color, `key`) VALUES ('Spam', '#000', 'SPAM')")


def described_alone(engine: Engine, name: str) -> str:
    """Make one of OSMod's tables in an empty database, and return how the database describes it."""
    with engine.connect() as connection:
        connection.exec_driver_sql("SET foreign_key_checks = 0")
        connection.exec_driver_sql(_statement(name, connection))
        return described(connection)[name]


def described(connection: Connection) -> dict[str, str]:
    """How the database itself describes each table."""
    if connection.dialect.name == "sqlite":
        rows = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master").all()
        return {name: str(sql) for name, sql in rows}
    names = connection.exec_driver_sql("SHOW TABLES").scalars().all()
    shown = {name: connection.exec_driver_sql(f"SHOW CREATE TABLE `{name}`").one()[1] for name in names}
    return {name: re.sub(r" AUTO_INCREMENT=\d+", "", sql) for name, sql in shown.items()}


def _statement(name: str, connection: Connection) -> str:
    lines, ending = TABLES[name]
    body = ",\n".join(lines)
    if not getattr(connection.dialect, "is_mariadb", False):
        body = _CHECKED_TEXT.sub(r"json\1", body)
    return f"CREATE TABLE `{name}` (" + body + ending
