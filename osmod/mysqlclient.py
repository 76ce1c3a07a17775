"""The MySQL driver in C (extra `mysql-c`), without importing it."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.util import find_spec

#: What it takes to connect. It says that it does not know an option only then, and not as an error of the database.
_OPTIONS = frozenset(
    (
        *("host", "user", "password", "passwd", "database", "db", "port", "unix_socket", "connect_timeout"),
        *("read_timeout", "write_timeout", "init_command", "charset", "collation", "use_unicode", "sql_mode"),
        *("ssl", "ssl_mode", "compress", "client_flag", "autocommit", "auth_plugin", "local_infile"),
        *("read_default_file", "read_default_group", "server_public_key_path", "conv", "cursorclass"),
    )
)


def is_installed() -> bool:
    """Whether it is there: it is taken then, unless `DATABASE_URL` names another."""
    return find_spec("MySQLdb") is not None


def check_options(names: Iterable[str]) -> None:
    """Say which option it does not know.

    Raises:
      TypeError: as other drivers do.
    """
    if unknown := set(names) - _OPTIONS:
        raise TypeError(f"got an unexpected keyword argument {min(unknown)!r}")
