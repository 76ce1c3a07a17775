"""The body of a request as OSMod's server reads it: JSON if it says so, else an empty object."""

from __future__ import annotations

import json
import math
from typing import Annotated, Any, NoReturn

from fastapi import Depends, Request

from osmod.web.documented import osmods
from osmod.web.guard import signed_in
from osmod.web.problems import Problem

#: Digits up to which a whole number is exact in JavaScript, whatever they are.
EXACT_DIGITS = 15
#: Bytes of a body that are read before anybody asks for a token: to read 2 MB takes a second and 50 MB of memory.
FOR_ANYBODY = 64 * 1024
#: Levels of objects and lists: more of them can be read, but not always written again.
DEEPEST = 100


async def raw_body(request: Request) -> bytes:
    """The bytes. Only they are waited for where all requests are served: to read them may take long."""
    return await request.body()


def read_body(request: Request, raw: Annotated[bytes, Depends(raw_body)]) -> Any:
    """An object or a list. Another content type than JSON, or no body, is an empty object.

    Numbers are JavaScript's: `5.0` is 5, and no integer is more exact than a float can be.

    Raises:
      Problem: 400, it is no JSON, or neither object nor list (OSMod's server answers 500); 401, it is large, and who
        sent it shows no token that counts; 415, it is compressed.
    """
    coding = request.headers.get("Content-Encoding", "identity")
    if coding != "identity":
        raise Problem(415, f"The body is {coding!r:.40}, which is not unpacked here: send it as it is.")
    kind = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if not raw or kind != "application/json":
        return {}
    if len(raw) > FOR_ANYBODY:
        signed_in(request)
    try:
        value = json.loads(raw, parse_constant=_no_constant, parse_int=_number, parse_float=_number)
    except (ValueError, RecursionError):
        raise Problem(400, "The body is no JSON.") from None
    if not isinstance(value, dict | list):
        raise Problem(400, "The body is neither an object nor a list.")
    if _is_deep(value):
        raise Problem(
            400, f"The body is nested more than {DEEPEST} levels deep, of which nothing here has use."
        )
    return value


def is_true(body: Any, key: str) -> bool:
    """Whether JavaScript takes a member of a body, which may be anything, for true."""
    value = body.get(key) if isinstance(body, dict) else None
    return value not in (None, False, 0, "")


def _is_deep(value: Any) -> bool:
    level = [value]
    for _ in range(DEEPEST):
        members = (one.values() if isinstance(one, dict) else one for one in level)
        level = [member for one in members for member in one if isinstance(member, dict | list)]
        if not level:
            return False
    return True


def _number(digits: str) -> int | float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError("no number that large can be used")
    return int(number) if number.is_integer() and abs(number) < 10**EXACT_DIGITS else number


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


#: `body: Body` in a route's signature.
Body = Annotated[Any, Depends(read_body)]

#: `dependencies` of a router: as in OSMod's server, a body that is none is refused before anybody asks who sent it.
READING = [Depends(read_body)]

#: `responses` of the same.
DOCUMENTED = osmods(400, 404, 408, 409, 413, 415)
