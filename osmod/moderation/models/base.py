"""What every table of OSMod shares."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, MetaData, text
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from osmod.moderation.models.types import Moment, now, now_on_update

#: OSMod's tables as its own migrations made them: three bytes a character. Ids are never used again.
OSMOD_TABLE_OPTIONS: dict[str, Any] = {
    "mysql_engine": "InnoDB",
    "mysql_charset": "utf8mb3",
    "mysql_collate": "utf8mb3_general_ci",
    "mariadb_engine": "InnoDB",
    "mariadb_charset": "utf8mb3",
    "mariadb_collate": "utf8mb3_general_ci",
    "sqlite_autoincrement": True,
}


class Base(DeclarativeBase):
    """The tables. OSMod's and ours share one metadata, so that one session sees both."""

    metadata = MetaData()


class Stamped:
    """`createdAt` and `updatedAt`, kept by us on every database as Sequelize keeps them."""

    created_at: Mapped[datetime] = mapped_column(
        "createdAt", Moment, default=now, server_default=text("CURRENT_TIMESTAMP")
    )
    updated_at: Mapped[datetime] = mapped_column(
        "updatedAt", Moment, default=now, onupdate=now, server_default=now_on_update
    )


def key(table: str, name: str, *columns: str, unique: bool = False) -> tuple[Index, Index]:
    """An index named as OSMod names it. SQLite's names are global, so there the table's stands before it."""
    return (
        Index(name, *columns, unique=unique).ddl_if(callable_=not_sqlite),
        Index(f"{table}_{name}", *columns, unique=unique).ddl_if("sqlite"),
    )


def not_sqlite(
    ddl: Any,
    target: Any,
    bind: Any,
    tables: Any = None,
    state: Any = None,
    *,
    dialect: Dialect,
    compiler: Any = None,
    checkfirst: bool = False,
) -> bool:
    """For `ddl_if`: on every database but SQLite."""
    return dialect.name != "sqlite"


def flag_column(name: str, *, default: bool | None, nullable: bool = True) -> Any:
    """A `tinyint(1)` column with OSMod's default."""
    shown = None if default is None else text(str(int(default)))
    return mapped_column(name, nullable=nullable, default=default, server_default=shown)
