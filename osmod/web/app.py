"""The app: what surrounds a request, which routes there are, what becomes of errors."""

from __future__ import annotations

from importlib import import_module

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from osmod.access.secret import Keyring
from osmod.jobs.setup import ensure_broker
from osmod.settings import Settings, get_settings
from osmod.task import get_engine
from osmod.web.api.osmod import assistant, auth, comment_actions, comment_scores, objects, tasks
from osmod.web.api.osmod.checking import BadBody, refuse_bad_body
from osmod.web.frame.trailing_slash import TrailingSlash
from osmod.web.guard import signed_in
from osmod.web.places import Places, places_of
from osmod.web.problems import Problem, not_found_as_osmod, osmod_answer, own_answer, problem_of

#: Below the path of the API.
ROUTERS: tuple[APIRouter, ...] = (
    auth.router,
    comment_actions.router,
    comment_scores.router,
    assistant.router,
    tasks.router,
    objects.router,
)
#: At the root: what is asked by those who know nothing of the API.
ROOT_ROUTERS: tuple[APIRouter, ...] = (tasks.router,)


def create_app(settings: Settings | None = None) -> FastAPI:
    """An app on the broker and the database of this process. Opens no connection.

    Parameters:
      settings: by default this process's.
    """
    ensure_broker()
    import_module("actors")  # what can be queued
    settings = settings or get_settings()
    app = FastAPI(
        title="osmod-worker",
        summary="Comment moderation: OSMod's calls, ingest of comments, and the jobs behind both.",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.settings = settings
    app.state.places = places_of(settings.api_url)
    app.state.keyring = Keyring(get_engine)
    app.add_middleware(TrailingSlash)
    for router in ROUTERS:
        app.include_router(router, prefix=app.state.places.prefix)
    for router in ROOT_ROUTERS:
        app.include_router(router)
    for kind in (HTTPException, RequestValidationError, Exception):
        app.add_exception_handler(kind, _answer)
    app.add_exception_handler(BadBody, refuse_bad_body)
    return app


def _answer(request: Request, error: Exception) -> Response:
    """The answer to what a route raised, in the form of its path. Runs in a thread."""
    places: Places = request.app.state.places
    path = request.url.path
    own = places.is_own(path)
    if type(error) is HTTPException and error.status_code in (404, 405):
        return _no_route(request, error, own=own)
    problem = problem_of(error)
    if problem is None and isinstance(error, HTTPException):
        problem = Problem(error.status_code, error.detail, headers=error.headers)
    if problem is None:
        problem = Problem(500, "Something went wrong here; the server's log says what.")
    return own_answer(problem, path) if own else osmod_answer(problem)


def _no_route(request: Request, error: HTTPException, *, own: bool) -> Response:
    """Where nothing is: without a token that counts nobody below the API learns that."""
    places: Places = request.app.state.places
    path = request.url.path
    if places.asks_for_token(request.method, path):
        try:
            signed_in(request)
        except Problem as refused:
            return own_answer(refused, path) if own else osmod_answer(refused)
    if own:
        return own_answer(
            Problem(error.status_code, f"There is no {request.method} {path} here.", headers=error.headers),
            path,
        )
    return not_found_as_osmod()
