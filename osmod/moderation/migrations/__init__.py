"""Bringing a database up to date, whoever made it.

OSMod's tables are OSMod's: an empty database gets all of them, a database of OSMod's own server gets only
ours beside them, and that of its configuration if it is older than that. Only these have revisions
(`versions/`), counted in a version table of our own.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    inspect,
    select,
)

from osmod.moderation.migrations.schema import SchemaError, missing, osmod_tables, strangers
from osmod.moderation.models import MADE_IF_MISSING, OWN_TABLES, Base, CommentSource
from osmod.moderation.sources import remember_all

__all__ = ["VERSION_TABLE", "SchemaError", "problems", "upgrade"]

#: Not Alembic's default: OSMod's other programs may keep versions of their own in the same database.
VERSION_TABLE = "osmod_worker_alembic_version"
_LOCK_SECONDS = 30


def upgrade(engine: Engine) -> list[str]:
    """Create what is missing; return a sentence for each thing done (none: it was up to date).

    Safe to run twice, twice at once, and after a run that was interrupted.

    Raises:
      SchemaError: the database is neither empty nor OSMod's, or at an unknown revision; nothing has changed.
    """
    from osmod.moderation.migrations import revisions  # late: a worker need not load Alembic

    with _alone(engine) as connection:
        done = _create_osmod_tables(connection)
        before = _revision(connection)
        if before is not None and not revisions.is_known(before):
            raise SchemaError(_unknown(before))
        lacking, lacking_of_osmods = (
            _missing_of(connection, tables) for tables in (OWN_TABLES, MADE_IF_MISSING)
        )
        revisions.run(connection)
        # A table that was dropped since its revision ran.
        dropped = _missing_of(connection, (*OWN_TABLES, *MADE_IF_MISSING))
        Base.metadata.create_all(connection, tables=[Base.metadata.tables[name] for name in dropped])
        if CommentSource.__tablename__ in dropped:
            remember_all(connection)
        if lacking:
            done.append(f"created the worker's own tables: {', '.join(lacking)}")
        if lacking_of_osmods:
            done.append(f"created OSMod's {', '.join(lacking_of_osmods)}, which the database is older than")
        after = _revision(connection)
        if before != after:
            done.append(
                f"the worker's tables are at revision {after}" + (f" (was {before})" if before else "")
            )
        return done


def problems(engine: Engine) -> list[str]:
    """What is wrong with the database's tables, a sentence each."""
    from osmod.moderation.migrations import revisions

    with engine.connect() as connection:
        lacking = missing(connection)
        names = set(inspect(connection).get_table_names())
        if not names & osmod_tables().keys():
            return ["the database has no tables yet: run `osmod db upgrade`."]
        found = [f"OSMod's schema lacks {what}: is this OSMod's database?" for what in lacking]
        revision, head = _revision(connection), revisions.head()
        if revision is not None and head is not None and revision > head:  # they are numbers, of four digits
            found.append(_unknown(revision))
        elif own := _missing_of(connection, OWN_TABLES):
            found.append(f"the worker's own tables are missing ({', '.join(own)}): run `osmod db upgrade`.")
        elif revision != head:
            found.append(
                f"the worker's tables are at revision {revision}, not {head}: run `osmod db upgrade`."
            )
        elif younger := _missing_of(connection, MADE_IF_MISSING):
            found.append(f"OSMod's {', '.join(younger)} is missing: run `osmod db upgrade`.")
        return found


def _missing_of(connection: Connection, tables: tuple[str, ...]) -> list[str]:
    names = set(inspect(connection).get_table_names())
    return [name for name in tables if name not in names]


def _unknown(revision: str) -> str:
    return (
        f"the worker's tables are at revision {revision}, which this version does not know: run the "
        "version that made them."
    )


def _create_osmod_tables(connection: Connection) -> list[str]:
    """All of OSMod's tables on an empty database; nothing on OSMod's own."""
    names = set(inspect(connection).get_table_names())
    wanted = osmod_tables()
    if not names & wanted.keys() or _was_interrupted(connection, names):
        if foreign := strangers(names):
            raise SchemaError(
                f"the database holds other tables than OSMod's ({foreign}) and none of OSMod's: name OSMod's "
                "database, or an empty one, in DATABASE_URL or DATABASE_NAME."
            )
        _version_table().create(connection, checkfirst=True)  # the sign of `_was_interrupted`
        Base.metadata.create_all(connection, tables=list(wanted.values()))
        return [f"created OSMod's {len(wanted)} tables"]
    if lacking := missing(connection):
        raise SchemaError(
            "the database has a part of OSMod's tables only; nothing was changed. Missing: "
            + ", ".join(lacking)
            + ". Bring it up to date with OSMod's own migrations, or name an empty database."
        )
    return []


def _was_interrupted(connection: Connection, names: set[str]) -> bool:
    """Whether an earlier `upgrade` of an empty database ended half-way (MySQL commits each table by itself)."""
    return VERSION_TABLE in names and _revision(connection) is None and bool(missing(connection))


def _version_table() -> Table:
    return Table(
        VERSION_TABLE,
        MetaData(),
        Column("version_num", String(32), nullable=False),
        PrimaryKeyConstraint("version_num", name=f"{VERSION_TABLE}_pkc"),
    )


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    version: str | None = connection.scalar(select(_version_table().c.version_num))
    return version


@contextmanager
def _alone(engine: Engine) -> Iterator[Connection]:
    """A connection, and the word that no other `upgrade` runs at the same time."""
    with engine.begin() as connection:  # on SQLite this is the lock, and all or nothing
        if engine.dialect.name == "sqlite":
            yield connection
            return
        taken = connection.exec_driver_sql(f"SELECT GET_LOCK('{VERSION_TABLE}', {_LOCK_SECONDS})").scalar()
        if taken != 1:
            raise SchemaError(
                "another `osmod db upgrade` is at work on this database; try again when it is done."
            )
        try:
            yield connection
        finally:
            connection.exec_driver_sql(f"SELECT RELEASE_LOCK('{VERSION_TABLE}')")
