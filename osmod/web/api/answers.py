"""The form of answers on jobs, and what the document of the API says of them."""

from __future__ import annotations

import json
import math
from typing import Any

from pydantic import BaseModel
from starlette.responses import JSONResponse

#: Problem details (RFC 9457), as the document has them.
_PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What is wrong, and the remedy."},
        "instance": {"type": "string"},
        "field": {"type": "string", "description": "The parameter or field at fault."},
        "count": {"type": "integer", "description": "How many are meant, where that has to be confirmed."},
    },
}

#: What an answer with this status means, to whoever reads the document.
_MEANING = {
    400: "The body is no JSON.",
    401: "There is no token, or none that counts.",
    403: "The token's role does not allow this.",
    404: "There is nothing of this name.",
    408: "The body did not come in time.",
    409: "It cannot be done now, has to be confirmed, or there is no queue; `detail` says which.",
    413: "The body is too large.",
    415: "The body is of a kind that is not taken.",
    422: "A parameter makes no sense; `field` or `errors` say which.",
    429: "Too many tokens that do not count came from this address.",
    503: "Redis or the database is away; nothing was changed.",
}


def problems(*statuses: int) -> dict[int | str, Any]:
    """Answers of these statuses, for a route or a router; those that every route with a token has are added."""
    return {
        one: {"description": _MEANING[one], "content": {"application/problem+json": {"schema": _PROBLEM}}}
        for one in sorted({401, 403, 422, 429, 503, *statuses})
    }


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
        "responses": {status: good, **problems(409, *more)},
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
