"""The body of a request as OSMod's server reads it: JSON if it says so, else an empty object."""

from __future__ import annotations

import json
from typing import Annotated, Any, NoReturn

from fastapi import Depends, Request

from osmod.web.problems import Problem


async def read_body(request: Request) -> Any:
    """An object or a list. Another content type than JSON, or no body, is an empty object.

    Raises:
      Problem: 400, it is no JSON, or neither object nor list. (OSMod's server answers 500.)
    """
    kind = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    body = await request.body() if kind == "application/json" else b""
    if not body:
        return {}
    try:
        value = json.loads(body, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise Problem(400, "The body is no JSON.") from None
    if not isinstance(value, dict | list):
        raise Problem(400, "The body is neither an object nor a list.")
    return value


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


#: `body: Body` in a route's signature.
Body = Annotated[Any, Depends(read_body)]
