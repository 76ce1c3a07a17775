"""The bodies of requests to OSMod's routes: read and checked as its server does, with its answers to bad ones."""

from __future__ import annotations

import json
import math
from email.message import Message
from typing import Any, NoReturn

from fastapi import Depends, Request
from starlette.responses import Response

from osmod.web.api.osmod.joi import Fault, Schema, first_fault
from osmod.web.problems import OsmodResponse, Problem


class BrokenBody(Exception):
    """A body that is no JSON; the message says where it stops being one."""


class BadBody(Exception):
    """A body that is not what the route takes.

    Parameters:
      told: what OSMod says of it beside the fault.
    """

    def __init__(self, fault: Fault, told: dict[str, Any]) -> None:
        super().__init__(fault.said)
        self.fault = fault
        self.told = told


def refuse_bad_body(_request: Request, error: Exception) -> Response:
    """The answer to a `BadBody`."""
    assert isinstance(error, BadBody)
    return OsmodResponse({**error.told, "errors": [error.fault.as_json()]}, 422)


async def any_body(request: Request) -> Any:
    """The body as it came, unchecked.

    Raises:
      Problem: 400, 415.
    """
    coding = request.headers.get("Content-Encoding", "identity")
    if coding != "identity":
        raise Problem(415, f"Content-Encoding: {coding!r:.40} is not read here: send the body as it is")
    try:
        return read_body(await request.body(), request.headers.get("Content-Type", ""))
    except BrokenBody as error:
        raise Problem(400, str(error)) from None


class Checked:
    """The dependency by which a route asks for a body of a form.

    Parameters:
      echo: whether the answer to a bad one holds the body, as OSMod's does on most of its routes.
    """

    def __init__(self, schema: Schema, *, echo: bool = True) -> None:
        self.schema = schema
        self._echo = echo

    async def __call__(self, request: Request) -> Any:
        """The body.

        Raises:
          BadBody: it is none.
        """
        body = await any_body(request)
        fault = first_fault(self.schema, body)
        if fault is None:
            return body
        told = {"status": "request validation error", "data": body} if self._echo else {"status": "error"}
        raise BadBody(fault, told)


def checked(schema: Schema, *, echo: bool = True) -> Any:
    """A parameter that is the request's body, checked; see `Checked`."""
    return Depends(Checked(schema, echo=echo))


def told_of(schema: Schema, example: Any) -> dict[str, Any]:
    """What a route's `openapi_extra` says of its body."""
    content = {"application/json": {"schema": schema.described(), "example": example}}
    return {"requestBody": {"required": True, "content": content}}


def is_true(body: Any, key: str) -> bool:
    """Whether JavaScript takes a member of an unchecked body for true."""
    value = body.get(key) if isinstance(body, dict) else None
    return value not in (None, False, 0, "")


def read_body(raw: bytes, content_type: str) -> Any:
    """The JSON in a body: an object or a list; `{}` where there is none or where it is not said to be JSON.

    Numbers are JavaScript's: `5.0` is 5, and whole numbers of more than 15 digits are as exact as a float is.

    Raises:
      BrokenBody: it is no JSON, or JSON of another kind.
    """
    if not raw or not _is_json(content_type):
        return {}
    try:
        told = json.loads(
            raw.decode("utf-8", "replace"),
            parse_int=_number,
            parse_float=_number,
            parse_constant=_refuse,
        )
    except RecursionError:
        raise BrokenBody("the body is nested too deeply to be read: send a flatter one") from None
    except ValueError as error:
        raise BrokenBody(f"the body is not the JSON that its Content-Type promises: {error}") from None
    if not isinstance(told, dict | list):
        raise BrokenBody("the body must be a JSON object or list")
    return told


def _is_json(content_type: str) -> bool:
    header = Message()
    header["Content-Type"] = content_type
    return header.get_content_type() == "application/json"


def _number(text: str) -> int | float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("it holds a number too large for any use")
    return int(number) if number.is_integer() and len(text) < 16 else number


def _refuse(word: str) -> NoReturn:
    raise ValueError(f"{word} is no JSON")
