"""The form of answers on jobs, and what the document of the API says of them."""

from __future__ import annotations

import json
import math
from typing import Any

from pydantic import BaseModel
from starlette.responses import JSONResponse

from osmod.web.documented import ours


def answers(
    shape: type[BaseModel] | None,
    example: Any,
    *more: int,
    status: int = 200,
    media: str = "application/json",
) -> dict[str, Any]:
    """The arguments of a route for its answers in the document: form and example of the good one, and the problems.

    Parameters:
      shape: what the good one has; None: it is no JSON.
      more: statuses of problems beside those that all have.
    """
    good: dict[str, Any] = {"content": {media: {"example": example}}}
    if shape is None:
        good["content"][media]["schema"] = {"type": "string"}
    else:
        good["model"] = shape
    return {
        "responses": {status: good, **ours(409, *more)},
        "status_code": status,
        "response_model": None,
        "response_class": AnyJson,
    }


class AnyJson(JSONResponse):
    """JSON of whatever jobs carry: half of a surrogate pair is escaped, a number without an end a text."""

    def render(self, content: Any) -> bytes:
        """The bytes of an answer."""
        try:
            return _written(content)
        except ValueError:
            return _written(_finite(content))


def _written(content: Any) -> bytes:
    return json.dumps(content, allow_nan=False, separators=(",", ":")).encode()


def _finite(value: Any) -> Any:
    match value:
        case dict():
            return {name: _finite(inner) for name, inner in value.items()}
        case list() | tuple():
            return [_finite(inner) for inner in value]
        case float() if not math.isfinite(value):
            return str(value)
        case _:
            return value
