"""Every route, and who may: the one table. A route that is missing here fails, and so does one that lets in others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts
from fastapi.testclient import TestClient

from osmod.access.roles import Permission, Role, may
from osmod.web.app import create_app
from osmod.web.guard import Needs, open_to_all, signed_in
from osmod.web.places import is_page
from tests.web.conftest import MakeToken
from tests.web.one_app import app as app
from tests.web.one_app import apps as apps

OPEN, SIGNED_IN = "everybody", "whoever has a token"
P = Permission

JOB_ACTS = ("retry", "promote", "prioritise", "cancel", "delete")
WORKER_ACTS = ("quiet", "resume", "stop")

#: What each route asks for.
ROUTES: dict[tuple[str, str], Permission | str] = {
    ("GET", "/"): OPEN,
    ("GET", "/openapi.json"): OPEN,
    ("GET", "/api/auth/healthcheck"): OPEN,
    ("GET", "/healthz"): OPEN,
    ("GET", "/readyz"): OPEN,
    ("GET", "/metrics"): P.SEE_JOBS,
    ("GET", "/api/auth/test"): SIGNED_IN,
    **{
        ("POST", f"/api/services/commentActions/{path}"): P.MODERATE
        for path in (
            *(
                "approve",
                "approve-flags",
                "reject",
                "reject-flags",
                "defer",
                "highlight",
                "reset",
                "resolve-flags",
            ),
            *("tag/{tag_id}", "tagCommentSummaryScores/{tag_id}"),
            "{comment_id}/tagCommentSummaryScores/{tag_id}/confirm",
            "{comment_id}/tagCommentSummaryScores/{tag_id}/reject",
            "{comment_id}/scores",
            "{comment_id}/scores/{score_id}/confirm",
            "{comment_id}/scores/{score_id}/reject",
            "{comment_id}/scores/{score_id}/reset",
        )
    },
    ("DELETE", "/api/services/commentActions/{comment_id}/scores/{score_id}"): P.MODERATE,
    ("PATCH", "/api/services/editComment"): P.MODERATE,
    ("GET", "/api/services/processing/trigger/{anything}"): P.MODERATE,
    ("POST", "/api/assistant/scores/{request_id}"): P.ANSWER_SCORES,
    **{
        (method, "/api/assistant/{anything:path}"): P.ANSWER_SCORES
        for method in ("GET", "POST", "PATCH", "DELETE")
    },
    ("POST", "/api/tasks/{task_name}"): P.RUN_TASKS,
    ("POST", "/tasks/{task_name}"): P.RUN_TASKS,
    ("POST", "/api/ingest/comments"): P.INGEST,
    ("GET", "/api/ingest/comments/{source_id:path}"): P.SEE_COMMENTS,
    ("DELETE", "/api/ingest/comments/{source_id:path}"): P.INGEST,
    **dict.fromkeys(
        [
            ("GET", "/api/users"),
            ("POST", "/api/users"),
            ("POST", "/api/users/{user_id}/disable"),
            ("POST", "/api/users/{user_id}/enable"),
            ("POST", "/api/users/{user_id}/tokens"),
            ("GET", "/api/tokens"),
            ("DELETE", "/api/tokens/{token_id}"),
        ],
        P.MANAGE_ACCESS,
    ),
    **dict.fromkeys(
        [
            *[
                ("GET", f"/api/jobs{path}")
                for path in ("", "/count", "/groups", "/{job_id}", "/{job_id}/log")
            ],
            *[("GET", f"/api/queues{path}") for path in ("", "/{queue}", "/{queue}/check")],
            *[("GET", f"/api/{path}") for path in ("schedules", "workers", "audit", "stats", "events")],
        ],
        P.SEE_JOBS,
    ),
    **dict.fromkeys(
        [
            ("POST", "/api/jobs"),
            *[("POST", f"/api/jobs/{act}") for act in JOB_ACTS],
            *[("POST", f"/api/jobs/{{job_id}}/{act}") for act in JOB_ACTS],
            *[("POST", f"/api/queues/{{queue}}/{act}") for act in ("pause", "resume", "purge", "check")],
            *[("POST", f"/api/schedules/{{schedule}}/{act}") for act in ("run", "pause", "resume")],
            ("POST", "/api/publishers/{publisher}/test"),
            *[("POST", f"/api/workers/{act}") for act in WORKER_ACTS],
            *[("POST", f"/api/workers/{{worker}}/{act}") for act in WORKER_ACTS],
        ],
        P.STEER_JOBS,
    ),
}

#: Who has it.
WHO: dict[Permission, set[Role]] = {
    P.SEE_JOBS: {Role.VIEWER, Role.OPERATOR, Role.ADMIN},
    P.STEER_JOBS: {Role.OPERATOR, Role.ADMIN},
    P.SEE_COMMENTS: {Role.MODERATOR, Role.SERVICE, Role.ADMIN},
    P.MODERATE: {Role.MODERATOR, Role.SERVICE, Role.ADMIN},
    P.INGEST: {Role.SERVICE, Role.ADMIN},
    P.RUN_TASKS: {Role.SERVICE, Role.ADMIN},
    P.ANSWER_SCORES: {Role.SERVICE, Role.SCORER},
    P.MANAGE_ACCESS: {Role.ADMIN},
}

pytestmark = pytest.mark.only_on("sqlite")


def asked_by(route: Any) -> Permission | str | None:
    """What a route asks for; None if it does not say."""
    if not isinstance(route, APIRoute):
        return OPEN
    calls = list(_calls(route.dependant))
    needed = [call.permission for call in calls if isinstance(call, Needs)]
    if needed:
        (one,) = needed
        return one
    return SIGNED_IN if signed_in in calls else OPEN if open_to_all in calls else None


def _calls(dependant: Any) -> Iterator[Any]:
    for one in dependant.dependencies:
        yield one.call
        yield from _calls(one)


def routes(app: FastAPI) -> dict[tuple[str, str], Any]:
    """Every method and path that is answered."""
    return {
        (method, str(found.path)): found.original_route
        for found in iter_route_contexts(app.routes)
        for method in (found.methods or set()) - {"HEAD", "OPTIONS"}
    }


def test_every_route_is_in_the_table(app: FastAPI) -> None:
    """And asks for what the table says. Pages have a table of their own, in `tests/pages`."""
    found = {key: route for key, route in routes(app).items() if not is_page(key[1])}
    assert ROUTES == {key: asked_by(route) for key, route in found.items()}


def test_the_roles_are_those_of_the_table() -> None:
    """Whoever changes a role changes it here, too."""
    assert WHO == {permission: {role for role in Role if may(role, permission)} for permission in Permission}


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_who_is_let_in(client: TestClient, token: MakeToken, method: str, path: str) -> None:
    """Nobody without a token, and no role that is not in the table; by `test_every_route…` the others are."""
    asked = ROUTES[method, path]
    if asked == OPEN:
        shown = {"Accept": "text/html"} if path == "/" else {}
        assert client.request(method, path, headers=shown, follow_redirects=False).status_code < 400
        return
    plain = path.replace("{", "").replace("}", "")
    assert 401 == client.request(method, plain).status_code
    if isinstance(asked, Permission):
        for role in set(Role) - WHO[asked]:
            shown = {"Authorization": f"JWT {token(role)}"}
            assert 403 == client.request(method, plain, headers=shown).status_code, role


def test_a_route_that_says_nothing_is_seen(immediate: None) -> None:
    """It asks for nothing, which no line of the table says."""
    app = create_app()
    app.get("/api/jobs/forgotten")(lambda: None)
    assert asked_by(routes(app)["GET", "/api/jobs/forgotten"]) is None
