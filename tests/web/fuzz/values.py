"""Values by a JSON schema: such as it asks for, and such as it does not."""

from __future__ import annotations

from copy import deepcopy
from random import Random
from typing import Any

ODD_TEXTS = (
    *(
        "",
        " ",
        "0",
        "-1",
        "12",
        "1e999",
        "null",
        "x" * 300,
        "Ünï",
        "😀",
        "\ud83d",
        "\x00",
        "%00",
        "a/b",
        "../..",
    ),
    *(
        "'; DROP TABLE comments; --",
        "2026-11-27T12:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
    ),
)
ODD_NUMBERS = (0, 1, -1, 12, 2**31, 2**32, 2**64, 10**40, 0.5, -0.0, 1e308)
ODD_VALUES: tuple[Any, ...] = (
    *ODD_TEXTS,
    *ODD_NUMBERS,
    None,
    True,
    False,
    [],
    {},
    [[]],
    {"": None},
    {"a": [{"b": 1}]},
)


class Values:
    """Makes values by the schemas of one document. With the same seed, the same ones."""

    def __init__(self, document: dict[str, Any], random: Random) -> None:
        self._schemas = document.get("components", {}).get("schemas", {})
        self.random = random

    def fitting(self, schema: dict[str, Any]) -> Any:
        """A value that the schema asks for, as far as it says."""
        random = self.random
        if reference := schema.get("$ref"):
            return self.fitting(self._schemas[reference.rpartition("/")[2]])
        if "example" in schema and random.random() < 0.5:
            return deepcopy(schema["example"])
        for several in ("oneOf", "anyOf"):
            if several in schema:
                return self.fitting(random.choice(schema[several]))
        if "enum" in schema or "const" in schema:
            return random.choice(schema.get("enum") or [schema["const"]])
        kind = schema.get("type")
        match random.choice(kind) if isinstance(kind, list) else kind:
            case "object":
                return self._object(schema)
            case "array":
                return [self.fitting(schema.get("items", {})) for _ in range(random.randrange(3))]
            case "integer":
                return random.choice([number for number in ODD_NUMBERS if isinstance(number, int)])
            case "number":
                return random.choice(ODD_NUMBERS)
            case "boolean":
                return random.random() < 0.5
            case "string":
                return random.choice(ODD_TEXTS)
            case "null":
                return None
            case _:
                return random.choice(ODD_VALUES)

    def spoilt(self, value: Any) -> Any:
        """The same with something wrong in it, anywhere."""
        random = self.random
        if isinstance(value, dict) and value and random.random() < 0.8:
            key = random.choice(list(value))
            match random.randrange(4):
                case 0:
                    return {name: one for name, one in value.items() if name != key}
                case 1:
                    return value | {random.choice(ODD_TEXTS): random.choice(ODD_VALUES)}
                case _:
                    return value | {key: self.spoilt(value[key])}
        if isinstance(value, list) and value and random.random() < 0.8:
            place = random.randrange(len(value))
            return [*value[:place], self.spoilt(value[place]), *value[place + 1 :]]
        return random.choice(ODD_VALUES)

    def _object(self, schema: dict[str, Any]) -> dict[str, Any]:
        required = schema.get("required", ())
        return {
            name: self.fitting(one)
            for name, one in schema.get("properties", {}).items()
            if name in required or self.random.random() < 0.4
        }
