"""What is answered when something is wrong: problem details (RFC 9457) on our own paths, OSMod's forms on its.

Routes raise: a `Problem`, or whatever the domain, the queue and the database raise, which `problem_of` translates.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import redis
from dramatiq.errors import BrokerConnectionError
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from osmod.access.errors import AccessError, NoSuchToken, NoSuchUser, SecretUnusable
from osmod.jobs.errors import InvalidOption, UnknownArgument, UnknownOption
from osmod.moderation.database_errors import away, lacks_tables, takes_no_writes
from osmod.moderation.errors import BadPayload, NotFound, Refused
from osmod.moderation.work import MaybeCommitted, lost
from osmod.settings import get_settings
from osmod.web.places import Places, is_page

#: Seconds after which a client may ask again when Redis or the database is away.
RETRY_AFTER = 5


class Problem(HTTPException):
    """An answer that says what is wrong.

    Parameters:
      status: the HTTP status.
      detail: one sentence: the field, its value unless it is private, the remedy.
      title: what kind of problem it is, the same for all of a kind; by default the status's name.
      headers: of the answer.
      members: more for programs: `field="limit"`, `errors=[…]`.
    """

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        title: str | None = None,
        headers: Mapping[str, str] | None = None,
        **members: Any,
    ) -> None:
        super().__init__(status, detail, headers)
        self.title = title or HTTPStatus(status).phrase
        self.members = members


class ProblemResponse(JSONResponse):
    """Problem details."""

    media_type = "application/problem+json"


class OsmodResponse(JSONResponse):
    """JSON as OSMod's server sends it."""

    media_type = "application/json; charset=utf-8"

    def render(self, content: Any) -> bytes:
        """The bytes. Half of a surrogate pair, which a refused body may hold, is escaped, as JavaScript does."""
        try:
            return super().render(content)
        except UnicodeEncodeError:
            return json.dumps(content, separators=(",", ":")).encode()


def problem_of(error: Exception) -> Problem | None:
    """The answer to what was raised; None if it is a fault of ours."""
    match error:
        case Problem():
            return error
        case RequestValidationError():
            return _of_validation(error)
        case NotFound():
            return Problem(404, f"{error}.")
        case NoSuchUser() | NoSuchToken():
            return Problem(404, str(error))
        case AccessError():
            return Problem(422, str(error))
        case BadPayload() | UnknownArgument() | UnknownOption() | InvalidOption():
            return Problem(422, f"{error}.")
        case Refused():
            return Problem(409, f"{error}.")
        case BrokerConnectionError() | redis.RedisError():
            return _unavailable("Redis cannot be reached or used now, so nothing was queued or changed there")
        case MaybeCommitted():
            return Problem(
                503,
                "The database was lost as this was saved, so it is not known whether it was: look, and do it again "
                "if not.",
                headers={"Retry-After": str(RETRY_AFTER)},
            )
        case DBAPIError() if lost(error) or away(error, get_settings().database_url):
            return _unavailable("the database cannot be reached or used now, so nothing was changed")
        case DBAPIError() if takes_no_writes(error):
            return _unavailable("the database takes no changes now, so nothing was changed")
        case DBAPIError() if lacks_tables(error):
            return _unavailable("the database lacks a table or column, which `osmod db upgrade` makes")
        case PoolTimeout():
            return _unavailable("all connections to the database are in use, so nothing was changed")
        case SecretUnusable():
            return _unavailable("tokens cannot be checked: the server's log says why")
        case _:
            return None


def answer(request: Request, problem: Problem) -> Response:
    """The answer in the form of the request's path."""
    places: Places = request.app.state.places
    path = request.url.path
    if is_page(path):
        page: Response = request.app.state.problem_page(request, problem)
        return page
    return _own_answer(problem, path) if places.is_own(path) else _osmod_answer(problem)


def not_found_as_osmod() -> Response:
    """OSMod's answer where it has no such path, or not with this method."""
    return HTMLResponse("Not Found", 404)


def _own_answer(problem: Problem, path: str) -> Response:
    body = {
        "type": "about:blank",
        "title": problem.title,
        "status": problem.status_code,
        "detail": problem.detail,
        "instance": path,
        **problem.members,
    }
    return ProblemResponse(body, problem.status_code, dict(problem.headers or {}))


def _osmod_answer(problem: Problem) -> Response:
    """OSMod's own bodies where it has one, `{"status":"error","errors":…}` where it has none."""
    headers = dict(problem.headers or {})
    match problem.status_code:
        case 401:
            return Response("Unauthorized", 401)
        case 403:
            return OsmodResponse({"error": problem.detail}, 403, headers)
        case 500:
            return OsmodResponse({"error": "Internal Server Error"}, 500)
        case status:
            return OsmodResponse({"status": "error", "errors": problem.detail}, status, headers)


def unauthorized() -> Problem:
    """No token, or none that counts; which of the two, and why, is nobody's business."""
    return Problem(401, "A token is needed that counts.", headers={"WWW-Authenticate": "Bearer"})


def _of_validation(error: RequestValidationError) -> Problem:
    """Each field that is wrong, by name; values are left out, as they may be comments."""
    errors = [
        {"field": ".".join(str(part) for part in one["loc"]), "error": str(one["msg"])}
        for one in error.errors()
    ]
    if any(one["type"] == "json_invalid" for one in error.errors()):
        return Problem(400, "The body is no JSON.", field="body")
    detail = "; ".join(f"{one['field']}: {one['error']}" for one in errors)
    return Problem(422, f"{detail}.", errors=errors)


def _unavailable(detail: str) -> Problem:
    return Problem(
        503,
        f"{detail[:1].upper()}{detail[1:]}: try again in a moment.",
        headers={"Retry-After": str(RETRY_AFTER)},
    )
