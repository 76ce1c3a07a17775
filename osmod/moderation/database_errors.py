"""What is wrong with a database that cannot be used, in one sentence with the remedy."""

from __future__ import annotations

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from osmod.settings import database_problem, masked

_LOGIN_REFUSED = (1045, 1698)
#: To the database, to a table, to a column, to a statement.
_RIGHT_MISSING = (1044, 1142, 1143, 1227)
_NO_SUCH_DATABASE = 1049
LOST = 2013
_NO_ANSWER = (2002, 2003, 2005, 2006, LOST)
#: Too many connections, and being shut down.
_NOT_NOW = (1040, 1053)
#: Read-only by its settings, for this transaction, or as a whole; full.
_NO_WRITES = (1290, 1792, 1836, 1021, 1114)
_NO_WRITES_SQLITE = ("attempt to write a readonly database", "database or disk is full")
#: Somebody else's transaction was waited for in vain.
_LOCKED, _LOCKED_SQLITE = 1205, "database is locked"
#: A table, a column.
_LACKING = (1146, 1054)
_LACKING_SQLITE = ("no such table", "no such column", "has no column named")
_AWAY = {1044, *_LOGIN_REFUSED, _NO_SUCH_DATABASE, *_NO_ANSWER, *_NOT_NOW}


def away(error: BaseException | None, url: str) -> str | None:
    """The sentence for a database that nothing can be had from now; None if only a statement failed."""
    if not isinstance(error, DBAPIError):
        return None
    code, said = _said(error)
    if code not in _AWAY and "unable to open database file" not in said:
        return None
    return (database_sentence(error, url) or said).removesuffix(".")


def takes_no_writes(error: DBAPIError) -> bool:
    """Whether the database can be read but not written to now, as while another one takes its place."""
    code, said = _said(error)
    return code in _NO_WRITES or any(sentence in said for sentence in _NO_WRITES_SQLITE)


def lacks_tables(error: DBAPIError) -> bool:
    """Whether a table or a column is not there that should be."""
    code, said = _said(error)
    return code in _LACKING or any(sentence in said for sentence in _LACKING_SQLITE)


def is_locked(error: DBAPIError) -> bool:
    """Whether somebody else's transaction, or lock on a table, was waited for in vain."""
    code, said = _said(error)
    return code == _LOCKED or _LOCKED_SQLITE in said


def database_sentence(error: Exception, url: str) -> str | None:
    """What is wrong with the database at `url`; None if `error` does not come from it."""
    if isinstance(error, ArgumentError | NoSuchModuleError | ModuleNotFoundError):
        return database_problem(url)
    if not isinstance(error, DBAPIError):
        return None
    code, said = _said(error)
    where = masked(url)
    if code in _LOGIN_REFUSED:
        return f"the database at {where} refuses the login ({said}): correct DATABASE_USER and DATABASE_PASSWORD."
    if code in _RIGHT_MISSING:
        parsed = make_url(url)
        return (
            f"the database at {where} lets this user in, but not do all that is needed ({said}): "
            f"GRANT SELECT, INSERT, UPDATE, DELETE ON `{parsed.database}`.* TO '{parsed.username}'; "
            "`osmod db upgrade` needs CREATE, ALTER, INDEX and REFERENCES, too."
        )
    if code == _NO_SUCH_DATABASE:
        return f"{said} at {where}: create it, or correct DATABASE_NAME."
    if code == LOST and "timed out" in said:
        return (
            f"the database does not answer at {where}: it took the connection, and then said nothing for too long "
            f"({said}). It hangs, is overloaded or cut off."
        )
    if code in _NO_ANSWER:
        return f"the database does not answer at {where} ({said}): start it, or name yours in DATABASE_URL."
    if lacks_tables(error):
        return f"the database at {where} lacks something ({said}): run `osmod db upgrade`."
    if is_locked(error):
        return (
            f"the database at {where} is locked by another process, which does not let go ({said}): try again, or see "
            "what holds it: SHOW PROCESSLIST tells MySQL's, and for SQLite end the other program."
        )
    if takes_no_writes(error):
        return (
            f"the database at {where} can be read, and takes no writes ({said}): name the one that does, or have this "
            "one take them (rights of the file, read_only, room on its disk)."
        )
    return f"the database at {where} answers: {said}"


def _said(error: DBAPIError) -> tuple[int | None, str]:
    parts = error.orig.args if error.orig else ()
    if len(parts) == 2 and isinstance(parts[0], int):
        return parts[0], str(parts[1])
    return None, str(error.orig)
