"""One app for all tests of a module that add nothing to it: import both."""

from __future__ import annotations

import pytest
from fastapi import FastAPI

from tests.web.routes import make_app


@pytest.fixture(scope="module")
def apps() -> dict[str, FastAPI]:
    """The one app of this module: to set up all its routes takes longer than to ask it."""
    return {}


@pytest.fixture
def app(immediate: None, apps: dict[str, FastAPI]) -> FastAPI:
    """The app, as it is."""
    if not apps:
        apps["app"] = make_app()
    return apps["app"]
