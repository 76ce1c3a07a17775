"""What SQLAlchemy compiled for one test's engine serves the engines of all others on the same kind of database.

A process has one engine, and compiles each of its statements once. The tests make an engine each, and would spend a
third of their time with compiling the same again.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine
from sqlalchemy.engine.default import DefaultDialect

_compiled: dict[Any, Any] = {}


def share_compiled() -> None:
    """Have all engines that are made from now on look up their statements in one place.

    They are kept by dialect, which is an object of each engine: those that compile alike are now equal.
    """
    for name, function in (("__hash__", _hash), ("__eq__", _alike), ("engine_created", classmethod(_share))):
        setattr(DefaultDialect, name, function)


def _hash(dialect: DefaultDialect) -> int:
    return hash(type(dialect))


def _alike(dialect: DefaultDialect, other: object) -> bool:
    return dialect is other or (
        type(dialect) is type(other) and isinstance(other, DefaultDialect) and _kind(dialect) == _kind(other)
    )


def _kind(dialect: DefaultDialect) -> tuple[object, ...]:
    return (
        dialect.server_version_info,
        getattr(dialect, "is_mariadb", None),
        dialect.compiler_linting,
        dialect.paramstyle,
    )


def _share(_dialect: type[DefaultDialect], engine: Engine) -> None:
    engine.update_execution_options(compiled_cache=_compiled)
