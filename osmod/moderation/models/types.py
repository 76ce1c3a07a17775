"""Column types that hold the same values on MySQL, MariaDB and SQLite as OSMod's tables do."""

from __future__ import annotations

import json
import struct
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import CHAR, Float, Integer, Text
from sqlalchemy.dialects import mysql
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import DateTime, TypeDecorator, TypeEngine, UserDefinedType

_MYSQL = ("mysql", "mariadb")

#: `int(10) unsigned`: keys and counts.
Id = Integer().with_variant(mysql.INTEGER(unsigned=True), *_MYSQL)


def char(length: int = 255) -> TypeEngine[str]:
    """`char(n)`, compared without regard to case, as OSMod's collation (utf8_general_ci) does."""
    return CHAR(length).with_variant(CHAR(length, collation="NOCASE"), "sqlite")


#: `longtext`.
LongText = Text().with_variant(mysql.LONGTEXT(), *_MYSQL)


def single(value: float) -> float:
    """`value` as it comes back from a FLOAT column: rounded to single precision, 6 significant digits."""
    return float(f"{struct.unpack('f', struct.pack('f', value))[0]:.6g}")


class Single(TypeDecorator[float]):
    """`float unsigned`. Reads as MySQL and MariaDB print it, on every database."""

    impl = Float
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name in _MYSQL:
            return dialect.type_descriptor(mysql.FLOAT(unsigned=True))
        return dialect.type_descriptor(Float())

    def process_bind_param(self, value: float | None, dialect: Dialect) -> float | None:
        return value if value is None or dialect.name in _MYSQL else single(value)

    def process_result_value(self, value: float | None, dialect: Dialect) -> float | None:
        return None if value is None else single(value)


class _NowOnUpdate(FunctionElement[datetime]):
    """Default of `updatedAt`: the moment of the last write, where the database can keep it by itself."""

    inherit_cache = True


@compiles(_NowOnUpdate)
def _plain_now(element: _NowOnUpdate, compiler: SQLCompiler, **kw: Any) -> str:
    return "CURRENT_TIMESTAMP"


@compiles(_NowOnUpdate, "mysql", "mariadb")
def _now_on_update(element: _NowOnUpdate, compiler: SQLCompiler, **kw: Any) -> str:
    return "CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP"


now_on_update = _NowOnUpdate()


class _NativeJson(UserDefinedType[str]):
    """The JSON type of MySQL; MariaDB reads it as `longtext` with a `json_valid` check."""

    cache_ok = True

    def get_col_spec(self, **kw: Any) -> str:
        return "JSON"


class Json(TypeDecorator[Any]):
    """Any JSON value; None is SQL NULL. Written in ASCII, so that no character set can spoil it.

    Half of a surrogate pair, which MariaDB takes for no JSON, becomes U+FFFD.
    """

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(_NativeJson() if dialect.name in _MYSQL else Text())

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        if value is None:
            return None
        text = json.dumps(value)
        return json.dumps(whole(json.loads(text))) if "\\ud" in text else text

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else json.loads(value)

    def compare_values(self, x: Any, y: Any) -> bool:
        """Whether two values are the same JSON, so that an UPDATE may leave the column out."""
        # Not `==`: to Python True is 1.
        return json.dumps(x, sort_keys=True) == json.dumps(y, sort_keys=True)


class JsonObject(Json):
    """An object; what stands there instead, or is no JSON, is read as None."""

    cache_ok = True

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        try:
            read = super().process_result_value(value, dialect)
        except (ValueError, RecursionError):
            return None
        return read if isinstance(read, dict) else None


def whole(value: Any) -> Any:
    """JSON without halves of surrogate pairs, which are no characters: each becomes U+FFFD."""
    if isinstance(value, str):
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    if isinstance(value, list):
        return [whole(item) for item in value]
    return {whole(k): whole(v) for k, v in value.items()} if isinstance(value, dict) else value


class Moment(TypeDecorator[datetime]):
    """`datetime`: whole seconds in UTC, without an offset, as OSMod's connections write them."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo not in (None, UTC):
            value = value.astimezone(UTC)
        return value.replace(microsecond=0, tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC)


def now() -> datetime:
    """This moment, in UTC."""
    return datetime.now(UTC)
