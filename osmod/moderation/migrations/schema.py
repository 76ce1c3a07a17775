"""Whether a database holds OSMod's tables, whole, in part or not at all."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, Table, inspect

from osmod.moderation.models import MADE_IF_MISSING, OWN_TABLES, Base

_SHOWN = 5


class SchemaError(Exception):
    """The database cannot be brought up to date. The message says why; nothing was changed."""


def osmod_tables() -> dict[str, Table]:
    """OSMod's tables that the worker uses, by name, in the order in which they can be created."""
    return {table.name: table for table in Base.metadata.sorted_tables if table.name not in OWN_TABLES}


def missing(connection: Connection) -> list[str]:
    """OSMod's tables, and columns of them, that the database lacks: `comments`, `users.extra`.

    Not a table that our revisions make where it is missing.
    """
    found = inspect(connection)
    names = set(found.get_table_names())
    lacking = [name for name in osmod_tables() if name not in names and name not in MADE_IF_MISSING]
    for name, table in osmod_tables().items():
        if name in names:
            columns = {column["name"] for column in found.get_columns(name)}
            lacking += [f"{name}.{column.name}" for column in table.columns if column.name not in columns]
    return lacking


def strangers(names: Iterable[str]) -> str:
    """Those of `names` that are neither OSMod's nor ours, for a message; empty if there are none."""
    known = osmod_tables().keys()
    foreign = sorted(name for name in names if name not in known and not name.startswith("osmod_worker_"))
    return ", ".join(foreign[:_SHOWN]) + (" …" if len(foreign) > _SHOWN else "")
