"""The app: what surrounds a request, which routes there are, what becomes of errors."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from importlib import import_module
from typing import Any

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response

from osmod.access.secret import Keyring
from osmod.jobs.setup import ensure_broker
from osmod.settings import Settings, get_settings
from osmod.task import get_engine
from osmod.web.api import (
    access,
    audit,
    events,
    health,
    job_acts,
    jobs,
    metrics,
    publishers,
    queues,
    schedules,
    stats,
    workers,
)
from osmod.web.api.ingest import routes as ingest
from osmod.web.api.osmod import assistant, auth, comment_actions, comment_scores, objects, tasks
from osmod.web.api.osmod.checking import BadBody, refuse_bad_body
from osmod.web.documented import describe
from osmod.web.failures import Failures
from osmod.web.frame.access_log import AccessLog
from osmod.web.frame.bodies import BodyLimits
from osmod.web.frame.counting import Counted
from osmod.web.frame.faults import Faults
from osmod.web.frame.headers import SecurityHeaders
from osmod.web.frame.hosts import OneHost
from osmod.web.frame.request_ids import HEADER, RequestIds
from osmod.web.frame.slashes import TrailingSlash
from osmod.web.guard import signed_in
from osmod.web.pages import WAYS
from osmod.web.pages import router as pages
from osmod.web.pages.frame.problems import problem_page
from osmod.web.places import Places, is_page, places_of
from osmod.web.problems import Problem, answer, not_found_as_osmod, problem_of

#: Below the path of the API.
ROUTERS: tuple[APIRouter, ...] = (
    auth.router,
    comment_actions.router,
    comment_scores.router,
    assistant.router,
    tasks.router,
    objects.router,
    access.router,
    jobs.router,
    job_acts.router,
    queues.router,
    schedules.router,
    workers.router,
    publishers.router,
    audit.router,
    stats.router,
    events.router,
    ingest.router,
)
#: At the root: what is asked by those who know nothing of the API.
ROOT_ROUTERS: tuple[APIRouter, ...] = (tasks.router, health.router, metrics.router)
#: Below the path of the API: what is read bit by bit, and how many bytes of it are taken at most.
STREAMS: dict[str, int] = {"/ingest/comments": ingest.STREAM_LIMIT}


def create_app(settings: Settings | None = None) -> FastAPI:
    """An app on the broker and the database of this process. Opens no connection.

    Parameters:
      settings: by default this process's.
    """
    ensure_broker()
    import_module("actors")  # what can be queued
    settings = settings or get_settings()
    places = places_of(settings.api_url)
    app = FastAPI(
        title="osmod-worker",
        summary="Comment moderation: OSMod's calls, ingest of comments, and the jobs behind both.",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=_lifespan,
        middleware=_frame(settings, places),
    )
    app.openapi = partial(describe, app)  # type: ignore[method-assign]
    app.state.settings = settings
    app.state.places = places
    app.state.keyring = Keyring(get_engine)
    app.state.failures = Failures(_redis_broker)
    app.state.ways = WAYS
    app.state.problem_page = problem_page
    for kind in (HTTPException, RequestValidationError):
        app.add_exception_handler(kind, _answer)
    app.add_exception_handler(BadBody, refuse_bad_body)
    for router in ROUTERS:
        app.include_router(router, prefix=places.prefix)
    for router in ROOT_ROUTERS:
        if places.prefix or router not in ROUTERS:  # without a prefix the API is at the root itself
            app.include_router(router)
    app.include_router(pages)
    return app


def _frame(settings: Settings, places: Places) -> list[Middleware]:
    """What surrounds every request, the outermost first."""
    streams = {places.prefix + path: limit for path, limit in STREAMS.items()}
    frame = [
        Middleware(RequestIds),
        Middleware(AccessLog),
        Middleware(SecurityHeaders, places),
        Middleware(OneHost),
        Middleware(TrailingSlash),
        Middleware(Counted, places),
        Middleware(Faults),
        Middleware(BodyLimits, streams),
    ]
    if settings.cors_origins:
        cors = Middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["GET", "POST", "PATCH", "PUT", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "Last-Event-ID", HEADER],
            expose_headers=["Retry-After", HEADER],
        )
        frame.insert(-2, cors)
    return frame


@asynccontextmanager
async def _lifespan(_app: FastAPI) -> AsyncIterator[dict[str, Any]]:
    """`request.state.stopping` is set when the server is to stop: what streams has to end then."""
    yield {"stopping": asyncio.Event()}


def _redis_broker() -> RedisBroker | None:
    """The queue's broker; None where jobs run at once."""
    broker = dramatiq.get_broker()
    return broker if isinstance(broker, RedisBroker) else None


def _answer(request: Request, error: Exception) -> Response:
    """The answer to a problem that a route raised, or to FastAPI's own. Runs in a thread."""
    if type(error) is HTTPException and error.status_code in (404, 405):
        return _no_route(request, error)
    problem = problem_of(error)
    if problem is None:
        assert isinstance(error, HTTPException)
        problem = Problem(error.status_code, f"{error.detail}.", headers=error.headers)
    return answer(request, problem)


def _no_route(request: Request, error: HTTPException) -> Response:
    """Where nothing is: without a token that counts nobody below the API learns that."""
    places: Places = request.app.state.places
    path = request.url.path
    if places.asks_for_token(request.method, path):
        try:
            signed_in(request)
        except Problem as refused:
            return answer(request, refused)
    if places.is_own(path) or is_page(path):
        detail = f"There is no {request.method} {path} here."
        return answer(request, Problem(error.status_code, detail, headers=error.headers))
    return not_found_as_osmod()
