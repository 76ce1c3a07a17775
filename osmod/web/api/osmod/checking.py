"""The dependency by which a route says what its body must be, and OSMod's answer to another one."""

from __future__ import annotations

from typing import Any

from fastapi import Depends, Request
from starlette.responses import Response

from osmod.web.api.osmod.bodies import Body
from osmod.web.api.osmod.joi import Fault, Schema, first_fault
from osmod.web.problems import OsmodResponse


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
    """The answer to a `BadBody`: 422."""
    assert isinstance(error, BadBody)
    status = {"status": error.told["status"]}
    return OsmodResponse({**status, "errors": [error.fault.as_json()], **error.told}, 422)


class Checked:
    """The check itself; it can be asked for its schema.

    Parameters:
      echo: whether the answer to a bad body holds the body, as OSMod's does on most of its routes.
    """

    def __init__(self, schema: Schema, *, echo: bool = True) -> None:
        self.schema = schema
        self._echo = echo

    def __call__(self, body: Body) -> Any:
        """The body.

        Raises:
          BadBody: it does not fit.
        """
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
