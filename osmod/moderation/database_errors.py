"""What is wrong with a database that cannot be used, in one sentence with the remedy."""

from __future__ import annotations

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

_LOGIN_REFUSED = (1044, 1045, 1698)
_NO_SUCH_DATABASE = 1049
_NO_ANSWER = (2002, 2003, 2005, 2006, 2013)
#: Too many connections, and being shut down.
_NOT_NOW = (1040, 1053)
_AWAY = {*_LOGIN_REFUSED, _NO_SUCH_DATABASE, *_NO_ANSWER, *_NOT_NOW}


def away(error: BaseException | None, url: str) -> str | None:
    """The sentence for a database that nothing can be had from now; None if only a statement failed."""
    if not isinstance(error, DBAPIError):
        return None
    code, said = _said(error)
    if code not in _AWAY and "unable to open database file" not in said:
        return None
    return (database_sentence(error, url) or said).removesuffix(".")


def database_sentence(error: Exception, url: str) -> str | None:
    """What is wrong with the database at `url`; None if `error` does not come from it."""
    if isinstance(error, ArgumentError | NoSuchModuleError):
        return (
            f"DATABASE_URL={masked(url)} is not a database URL; it looks like "
            "mysql+pymysql://user:password@host/os_moderator?charset=utf8mb4 or sqlite:///osmod.db."
        )
    if isinstance(error, ModuleNotFoundError):
        if url.startswith(("mysql:", "mariadb:")):
            return f"DATABASE_URL asks for the driver {error.name}: write mysql+pymysql://… (installed here)."
        driver = make_url(url).get_driver_name()
        if error.name != driver:
            return None
        return f"DATABASE_URL asks for the driver {driver}, which is not installed: pip install {driver}."
    if not isinstance(error, DBAPIError):
        return None
    code, said = _said(error)
    where = masked(url)
    if code in _LOGIN_REFUSED:
        return f"the database at {where} refuses the login ({said}): correct DATABASE_USER and DATABASE_PASSWORD."
    if code == _NO_SUCH_DATABASE:
        return f"{said} at {where}: create it, or correct DATABASE_NAME."
    if code in _NO_ANSWER:
        return f"the database does not answer at {where} ({said}): start it, or name yours in DATABASE_URL."
    return f"the database at {where} answers: {said}"


def masked(url: str) -> str:
    """`url` with its password hidden, also where it is not a URL that anything can read."""
    try:
        return make_url(url).render_as_string(hide_password=True)
    except (ArgumentError, ValueError):
        before, at, after = url.rpartition("@")
        scheme, slashes, login = before.partition("://")
        return f"{scheme}{slashes}{login.partition(':')[0]}:***@{after}" if at else url


def _said(error: DBAPIError) -> tuple[int | None, str]:
    parts = error.orig.args if error.orig else ()
    if len(parts) == 2 and isinstance(parts[0], int):
        return parts[0], str(parts[1])
    return None, str(error.orig)
