"""Tables that another session of MySQL has locked, as by `LOCK TABLES`, a backup, or `ALTER TABLE`."""

from __future__ import annotations

from sqlalchemy import Engine, inspect
from sqlalchemy.exc import DBAPIError

from osmod.moderation.database_errors import is_locked
from osmod.moderation.models import Base

#: Seconds that a lock may be held before it is told: MySQL counts in whole ones.
PATIENCE = 2


def first_locked(engine: Engine) -> str | None:
    """A sentence for the first of our tables that cannot be read and written to now; None if there is none.

    Nothing is read, and no row is locked: MySQL asks for the table's lock before it sees that no row is meant. On
    SQLite, which locks files and not tables, opening a transaction has told already.
    """
    if engine.dialect.name == "sqlite":
        return None
    names = set(inspect(engine).get_table_names())
    with engine.connect() as connection:
        before = connection.exec_driver_sql("SELECT @@lock_wait_timeout").scalar_one()
        connection.exec_driver_sql(f"SET lock_wait_timeout = {PATIENCE}")
        for name in sorted(names & Base.metadata.tables.keys()):
            try:
                connection.exec_driver_sql(f"SELECT 1 FROM `{name}` WHERE FALSE FOR UPDATE")
            except DBAPIError as error:
                if not is_locked(error):
                    raise
                return (
                    f"table {name} is locked by another session, which has not let go of it for {PATIENCE} s: what "
                    "needs it waits. A backup or ALTER TABLE ends by itself; SHOW PROCESSLIST has the sessions."
                )
        connection.exec_driver_sql(f"SET lock_wait_timeout = {before}")
    return None
