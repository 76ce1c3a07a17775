"""Every page and every act, and who may: the one table. A route that is missing here fails."""

from __future__ import annotations

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from osmod.access.roles import Permission, Role
from osmod.web.pages.frame.session import CSRF, in_session
from osmod.web.places import is_page
from tests.pages.conftest import SignIn
from tests.web.one_app import app as app
from tests.web.one_app import apps as apps
from tests.web.test_who_may import OPEN, SIGNED_IN, WHO, _calls, asked_by, routes

P = Permission

#: Pages: each has a stream below `/ui/live`, for the same readers.
PAGES: dict[str, Permission] = {
    "/overview": P.SEE_JOBS,
    "/moderate": P.MODERATE,
    "/rules": P.MODERATE,
    "/decisions": P.SEE_COMMENTS,
    "/jobs": P.SEE_JOBS,
    "/jobs/act": P.STEER_JOBS,
    "/jobs/{job_id}": P.SEE_JOBS,
    "/schedules": P.SEE_JOBS,
    "/scorers": P.SEE_JOBS,
    "/publishers": P.SEE_JOBS,
    "/audit": P.SEE_JOBS,
}
#: Acts, by the path that their forms are sent to.
ACTS: dict[str, Permission] = {
    "/queues/{queue}/pause": P.STEER_JOBS,
    "/queues/{queue}/resume": P.STEER_JOBS,
    "/workers/{worker}/{request}": P.STEER_JOBS,
    **{f"/moderate/{act}": P.MODERATE for act in ("act", "batch", "undo", "next", "begin")},
    "/rules/save": P.MODERATE,
    "/jobs/act": P.STEER_JOBS,
    "/jobs/{job_id}/{act}": P.STEER_JOBS,
    "/schedules/{schedule}/{act}": P.STEER_JOBS,
    "/scorers/{scorer_id}/resume": P.STEER_JOBS,
    "/scorers/{scorer_id}/test": P.STEER_JOBS,
    "/publishers/{publisher}/disable": P.STEER_JOBS,
    "/publishers/{publisher}/enable": P.STEER_JOBS,
    "/publishers/{publisher}/test": P.STEER_JOBS,
    "/publishers/{publisher}/replay": P.STEER_JOBS,
    "/deliveries/{delivery}/replay": P.STEER_JOBS,
}
#: What each route asks for.
ROUTES: dict[tuple[str, str], Permission | str] = {
    ("GET", "/ui/static/{name}"): OPEN,
    ("GET", "/ui/sign-in"): OPEN,
    ("POST", "/ui/sign-in"): OPEN,
    ("GET", "/ui"): SIGNED_IN,
    ("GET", "/ui/session"): SIGNED_IN,
    ("GET", "/ui/jobs/suggest"): P.SEE_JOBS,
    ("POST", "/ui/sign-out"): SIGNED_IN,
    ("POST", "/ui/theme"): SIGNED_IN,
    **{("GET", f"/ui{path}"): asked for path, asked in PAGES.items()},
    **{("GET", f"/ui/live{path}"): asked for path, asked in PAGES.items()},
    **{("POST", f"/ui{path}"): asked for path, asked in ACTS.items()},
}

pytestmark = pytest.mark.only_on("sqlite")


def test_every_route_is_in_the_table(app: FastAPI) -> None:
    """And asks for what the table says."""
    found = {key: route for key, route in routes(app).items() if is_page(key[1])}
    asked = {
        key: SIGNED_IN if in_session in _calls(route.dependant) and said is None else said
        for key, route in found.items()
        for said in [asked_by(route)]
    }
    assert ROUTES == asked


@pytest.mark.parametrize(("method", "path"), [key for key, asked in ROUTES.items() if asked != OPEN])
def test_who_is_let_in(client: TestClient, sign_in: SignIn, method: str, path: str) -> None:
    """Nobody who has not signed in, and no role that is not in the table, whatever its form carries."""
    plain = path.replace("{", "").replace("}", "")
    assert 401 == client.request(method, plain).status_code
    asked = ROUTES[method, path]
    if isinstance(asked, Permission):
        for role in set(Role) - WHO[asked] - {Role.NOBODY}:
            fields = {CSRF: sign_in(role)}
            assert 403 == _asked(client, method, plain, fields), role
            client.cookies.clear()


def _asked(client: TestClient, method: str, path: str, fields: dict[str, str]) -> int:
    """The status of the answer."""
    return client.request(method, path, data=fields if method == "POST" else None).status_code
