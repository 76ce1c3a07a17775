"""What FastAPI made of the routes for one app serves the apps of all tests.

A process has one app, and FastAPI makes its routes ready as the first request comes. The tests make an app each, and
would spend more time with that than with what they ask.
"""

from __future__ import annotations

from functools import cache

from fastapi import FastAPI
from starlette.routing import BaseRoute

from osmod.web.app import create_app


def make_app() -> FastAPI:
    """An app as `create_app` makes it; `dependency_overrides` say nothing to it."""
    app = create_app()
    app.router.routes[:] = _ready(app.state.places.prefix)
    return app


@cache
def _ready(prefix: str) -> tuple[BaseRoute, ...]:
    """The routes of an app that is no test's, whose API is below `prefix`."""
    return tuple(create_app().router.routes)
