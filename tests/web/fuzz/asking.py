"""Requests by an OpenAPI document: of each operation some that fit it, and some that do not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any
from urllib.parse import quote, urlencode

from tests.web.fuzz.values import ODD_TEXTS, Values

METHODS = ("get", "post", "put", "patch", "delete")
GARBAGE = (b"", b"{", b"\xff", b"[" * 5_000, b"null", b'"text"', b"7", b"{}\n[]\n{", b'{"a":1e999}')


@dataclass(frozen=True)
class Asked:
    """A request, but for its token."""

    method: str
    url: str
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


class Asking:
    """Makes requests. Operations that answer with an endless stream are left out."""

    def __init__(self, document: dict[str, Any], seed: int) -> None:
        self._random = Random(seed)
        self._values = Values(document, self._random)
        self._paths = document["paths"]

    def of_each_operation(self, times: int) -> Iterator[Asked]:
        """So many requests of each operation."""
        for path, operations in self._paths.items():
            for method in operations.keys() & set(METHODS):
                if "text/event-stream" not in json.dumps(operations[method].get("responses", {})):
                    for _ in range(times):
                        yield self._request(path, method, operations[method])

    def _request(self, path: str, method: str, operation: dict[str, Any]) -> Asked:
        query: dict[str, str] = {}
        for parameter in operation.get("parameters", ()):
            value = self._parameter(parameter["schema"])
            if parameter["in"] == "path":
                path = path.replace(f"{{{parameter['name']}}}", quote(value or "-", safe=""))
            elif parameter["in"] == "query" and (parameter.get("required") or self._random.random() < 0.5):
                query[parameter["name"]] = value
        kinds = operation.get("requestBody", {}).get("content", {})
        body, headers = self._body(kinds) if kinds else (b"", {})
        return Asked(method.upper(), f"{path}?{urlencode(query)}" if query else path, body, headers)

    def _parameter(self, schema: dict[str, Any]) -> str:
        fitting = self._random.random() < 0.6
        value = self._values.fitting(schema) if fitting else self._random.choice(ODD_TEXTS)
        text = value if isinstance(value, str) else json.dumps(value)
        return text.encode("utf-8", "replace").decode()

    def _body(self, kinds: dict[str, Any]) -> tuple[bytes, dict[str, str]]:
        random = self._random
        kind = random.choice(list(kinds))
        sent_as = kind if random.random() < 0.9 else random.choice(("text/plain", "application/json"))
        if random.random() < 0.1:
            return random.choice(GARBAGE), {"Content-Type": sent_as}
        schema = kinds[kind if "json" in kind and "ndjson" not in kind else "application/json"]["schema"]
        value = self._values.fitting(schema)
        for _ in range(random.choice((0, 0, 1, 2))):
            value = self._values.spoilt(value)
        return json.dumps(value).encode(), {"Content-Type": sent_as}
