"""Bodies checked as OSMod checks them: by Joi 17.4, which converts nothing here and stops at the first fault.

A schema is made of the classes below; `first_fault` says what is wrong with a body, in Joi's words and members.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

#: Where in the body: the keys and places that lead there.
Path = tuple[str | int, ...]

#: JavaScript counts no further without leaving numbers out; Joi takes no number beyond.
LARGEST_SAFE = 2**53 - 1


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong. `members` are those that this type of fault has in its context."""

    type: str
    said: str
    path: Path
    members: Mapping[str, Any] = field(default_factory=dict)
    value: tuple[Any, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The fault as Joi's `details` tell it."""
        label = label_of(self.path)
        own = {name: member for name, member in self.members.items() if member is not None}
        value = {"value": self.value[0]} if self.value else {}
        key = {"key": self.path[-1]} if self.path else {}
        return {
            "message": f'"{label}" {self.said}',
            "path": list(self.path),
            "type": self.type,
            "context": {**own, "label": label, **value, **key},
        }


class Schema(Protocol):
    """What a value has to be."""

    def fault(self, value: Any, path: Path, siblings: Mapping[str, Any]) -> Fault | None:
        """The first thing wrong with a value; `siblings` is the object that it stands in."""

    def described(self) -> dict[str, Any]:
        """The same as JSON Schema, for the API's document."""


def first_fault(schema: Schema, body: Any) -> Fault | None:
    """The first thing wrong with a body, or None."""
    return schema.fault(body, (), {})


def label_of(path: Path) -> str:
    """How Joi names a place: `data[0].commentId`, and `value` for the whole."""
    label = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return label.removeprefix(".") or "value"


@dataclass(frozen=True)
class String:
    """A string that is not empty."""

    def fault(self, value: Any, path: Path, siblings: Mapping[str, Any]) -> Fault | None:
        if not isinstance(value, str):
            return _fault("string.base", "must be a string", path, value)
        return None if value else _fault("string.empty", "is not allowed to be empty", path, value)

    def described(self) -> dict[str, Any]:
        return {"type": "string", "minLength": 1}


@dataclass(frozen=True)
class Boolean:
    """true or false."""

    def fault(self, value: Any, path: Path, siblings: Mapping[str, Any]) -> Fault | None:
        return None if isinstance(value, bool) else _fault("boolean.base", "must be a boolean", path, value)

    def described(self) -> dict[str, Any]:
        return {"type": "boolean"}


@dataclass(frozen=True)
class Number:
    """A number, greater than that of the sibling `above` where one is named."""

    above: str | None = None

    def fault(self, value: Any, path: Path, siblings: Mapping[str, Any]) -> Fault | None:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return _fault("number.base", "must be a number", path, value)
        if abs(value) > LARGEST_SAFE:
            return _fault("number.unsafe", "must be a safe number", path, value)
        if self.above is not None and not value > siblings[self.above]:
            said = f"must be greater than ref:{self.above}"
            return _fault("number.greater", said, path, value, limit=_reference(self.above))
        return None

    def described(self) -> dict[str, Any]:
        return {"type": "number"} | ({"description": f"Greater than `{self.above}`."} if self.above else {})


@dataclass(frozen=True)
class Array:
    """A list, each of its items as `items` says; any where nothing is said."""

    items: Schema | None = None

    def fault(self, value: Any, path: Path, siblings: Mapping[str, Any]) -> Fault | None:
        if not isinstance(value, list):
            return _fault("array.base", "must be an array", path, value)
        if self.items is None:
            return None
        faults = (self.items.fault(item, (*path, place), {}) for place, item in enumerate(value))
        return next((fault for fault in faults if fault), None)

    def described(self) -> dict[str, Any]:
        return {"type": "array"} | ({"items": self.items.described()} if self.items else {})


@dataclass(frozen=True)
class Optional:
    """What may be left out of an object."""

    schema: Schema


@dataclass(frozen=True)
class Object:
    """An object with these keys and no others, but for those whose whole name fits `pattern`.

    Without keys and pattern: any object.
    """

    keys: Mapping[str, Schema | Optional] = field(default_factory=dict)
    pattern: tuple[re.Pattern[str], Schema] | None = None

    def fault(self, value: Any, path: Path, siblings: Mapping[str, Any]) -> Fault | None:
        if not isinstance(value, dict):
            return _fault("object.base", "must be of type object", path, value, type="object")
        for key, schema in self.keys.items():
            if key in value:
                fault = _inner(schema).fault(value[key], (*path, key), value)
            else:
                fault = None if isinstance(schema, Optional) else _missing((*path, key))
            if fault:
                return fault
        return self._fault_of_others(value, path)

    def described(self) -> dict[str, Any]:
        if not self.keys and not self.pattern:
            return {"type": "object"}
        told: dict[str, Any] = {"type": "object", "additionalProperties": False}
        if self.keys:
            told["required"] = [key for key, schema in self.keys.items() if not isinstance(schema, Optional)]
            told["properties"] = {key: _inner(schema).described() for key, schema in self.keys.items()}
        if self.pattern:
            form, schema = self.pattern
            told["patternProperties"] = {f"^{form.pattern}$": schema.described()}
        return told

    def _fault_of_others(self, value: dict[str, Any], path: Path) -> Fault | None:
        others = [key for key in value if key not in self.keys]
        if self.pattern:
            form, schema = self.pattern
            fitting = [key for key in others if form.fullmatch(key)]
            others = [key for key in others if not form.fullmatch(key)]
            faults = (schema.fault(value[key], (*path, key), value) for key in fitting)
            if fault := next((fault for fault in faults if fault), None):
                return fault
        elif not self.keys:
            return None
        if not others:
            return None
        key = others[0]
        return _fault("object.unknown", "is not allowed", (*path, key), value[key], child=key)


@dataclass(frozen=True)
class OneOf:
    """One of several schemas. Of a value that has the type of one of them, that one's fault is told."""

    schemas: Sequence[Schema]

    def fault(self, value: Any, path: Path, siblings: Mapping[str, Any]) -> Fault | None:
        types = []
        for schema in self.schemas:
            fault = schema.fault(value, path, siblings)
            if fault is None or not (fault.path == path and fault.type.endswith(".base")):
                return fault
            types.append(fault.type.removesuffix(".base"))
        said = f"must be one of [{', '.join(types)}]"
        return _fault("alternatives.types", said, path, value, types=types)

    def described(self) -> dict[str, Any]:
        return {"oneOf": [schema.described() for schema in self.schemas]}


def _inner(schema: Schema | Optional) -> Schema:
    return schema.schema if isinstance(schema, Optional) else schema


def _fault(type_: str, said: str, path: Path, value: Any, **members: Any) -> Fault:
    return Fault(type_, said, path, members, (value,))


def _missing(path: Path) -> Fault:
    return Fault("any.required", "is required", path)


def _reference(key: str) -> dict[str, Any]:
    """A reference to a sibling as JSON shows Joi's object for it."""
    return {
        "adjust": None,
        "in": False,
        "iterables": None,
        "map": None,
        "separator": ".",
        "type": "value",
        "ancestor": 1,
        "path": [key],
        "depth": 1,
        "key": key,
        "root": key,
        "display": f"ref:{key}",
    }
