"""What surrounds every answer: names, headers, refusals in two forms, and no secret in any log."""

from __future__ import annotations

import logging
from typing import Any

import pytest
import redis
from dramatiq.errors import ConnectionFailed
from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient
from pydantic import BaseModel
from sqlalchemy.exc import OperationalError

from osmod.access.roles import Permission, Role
from osmod.jobs.errors import JobNotQueued, UnknownArgument
from osmod.moderation.errors import BadPayload, NotFound, Refused
from osmod.settings import get_settings
from osmod.web.frame.headers import OSMOD, OWN
from osmod.web.guard import needs, open_to_all
from tests.web.conftest import MakeToken
from tests.web.routes import make_app

OURS, OSMODS = "/api/jobs/the/probe", "/api/services/probe"
GONE = OperationalError("SELECT 1", {}, Exception(2003, "no answer"))


class Wanted(BaseModel):
    """A body with one field."""

    limit: int


def raising(app: FastAPI, error: Exception) -> None:
    """Have both probes raise `error`."""

    def probe() -> None:
        raise error

    for path in (OURS, OSMODS):
        app.get(path, dependencies=[Depends(open_to_all)])(probe)


@pytest.mark.parametrize(
    ("error", "status", "detail"),
    [
        (NotFound("Comment not found, id: 7"), 404, "Comment not found, id: 7."),
        (BadPayload("x: commentId: too small"), 422, "x: commentId: too small."),
        (UnknownArgument("no argument 'a'"), 422, "no argument 'a'."),
        (Refused("it has no article"), 409, "it has no article."),
        (JobNotQueued("Redis does not answer"), 503, "Redis cannot be reached"),
        (ConnectionFailed("away"), 503, "Redis cannot be reached"),
        (redis.ConnectionError("away"), 503, "Redis cannot be reached"),
        (GONE, 503, "The database cannot be reached"),
    ],
)
@pytest.mark.only_on("sqlite")
def test_known_troubles(app: FastAPI, client: TestClient, error: Exception, status: int, detail: str) -> None:
    """Those of domain, queue and database are answered with what they say, in the form of the path."""
    raising(app, error)
    ours, osmods = client.get(OURS), client.get(OSMODS)
    assert [status, status] == [ours.status_code, osmods.status_code]
    assert ours.json()["detail"].startswith(detail)
    assert ("application/problem+json", status, OURS) == (
        ours.headers["content-type"],
        ours.json()["status"],
        ours.json()["instance"],
    )
    assert {"status": "error", "errors": ours.json()["detail"]} == osmods.json()
    assert (status == 503) == ("retry-after" in ours.headers) == ("retry-after" in osmods.headers)


@pytest.mark.only_on("sqlite")
def test_a_fault_of_ours(app: FastAPI, client: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    """500 without a word of the cause, which is in the log; the headers are there all the same."""
    raising(app, RuntimeError("the cause"))
    ours, osmods = client.get(OURS), client.get(OSMODS)
    assert [500, 500] == [ours.status_code, osmods.status_code]
    assert {"error": "Internal Server Error"} == osmods.json()
    assert "the cause" not in ours.text
    assert "the cause" in caplog.text
    assert {"x-request-id", "x-frame-options"} <= set(ours.headers)


@pytest.mark.only_on("sqlite")
def test_nothing_there(client: TestClient, token: MakeToken) -> None:
    """Below the API nobody without a token learns what there is; OSMod's paths answer as its server does."""
    shown = {"Authorization": f"JWT {token('general')}"}
    for path in ("/api/services/nothing", "/api/nothing/here"):
        assert (401, "Unauthorized") == (client.get(path).status_code, client.get(path).text)
        for ask in (client.get, client.delete):
            there = ask(path, headers=shown)
            assert (404, "Not Found", "text/html; charset=utf-8") == (
                there.status_code,
                there.text,
                there.headers["content-type"],
            )
    for open_path in ("/nothing", "/api/auth/config", "/api/auth/login/google?csrf=abc"):
        assert (404, "Not Found") == (client.get(open_path).status_code, client.get(open_path).text)
    ours = client.get("/api/jobs/no/such/thing")
    assert (401, "Bearer") == (ours.status_code, ours.headers["www-authenticate"])
    ours = client.get("/api/jobs/no/such/thing", headers=shown)
    assert (404, "There is no GET /api/jobs/no/such/thing here.") == (ours.status_code, ours.json()["detail"])


@pytest.mark.only_on("sqlite")
def test_a_wrong_method(client: TestClient, token: MakeToken) -> None:
    """Is a 404 on OSMod's paths, as it is there; one slash at the end of a path is none of its business."""
    shown = {"Authorization": f"JWT {token('general')}"}
    assert 404 == client.post("/api/auth/test", headers=shown).status_code
    assert 200 == client.get("/api/auth/test/", headers=shown).status_code
    assert 404 == client.get("/api/auth/test//", headers=shown).status_code
    assert 404 == client.get("/api/auth/TEST", headers=shown).status_code


@pytest.mark.only_on("sqlite")
def test_what_a_role_may_not(app: FastAPI, client: TestClient, token: MakeToken) -> None:
    """403 and the permission that is lacking; `Bearer` is taken on our paths only."""
    for path in (OURS, OSMODS):
        app.get(path, dependencies=[needs(Permission.STEER_JOBS)])(lambda: "done")
    viewer, operator = token(Role.VIEWER), token(Role.OPERATOR)
    refused = client.get(OURS, headers={"Authorization": f"Bearer {viewer}"})
    assert (403, "steer jobs") == (refused.status_code, refused.json()["permission"])
    assert {"error": "This token's role, viewer, does not allow to steer jobs."} == client.get(
        OSMODS, headers={"Authorization": f"JWT {viewer}"}
    ).json()
    answers = [client.get(path, headers={"Authorization": f"Bearer {operator}"}) for path in (OURS, OSMODS)]
    assert [200, 401] == [answer.status_code for answer in answers]


@pytest.mark.only_on("sqlite")
def test_headers(client: TestClient) -> None:
    """OSMod's on its own answers, stricter ones on ours; no other site's pages may call."""
    osmods = client.get("/api/auth/healthcheck", headers={"Origin": "https://elsewhere.example"})
    assert (218, "init_oauth") == (osmods.status_code, osmods.text)
    assert OSMOD == {name: osmods.headers[name] for name in OSMOD}
    ours = client.get("/api/jobs", headers={"Origin": "https://elsewhere.example"})
    assert OSMOD | OWN == {name: ours.headers[name] for name in OSMOD | OWN}
    for answer in (osmods, ours):
        assert not [name for name in answer.headers if name.startswith("access-control-")]


@pytest.mark.only_on("sqlite")
def test_pages_of_others_if_they_are_named(immediate: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """`OSMOD_CORS_ORIGINS` names them; the question beforehand needs no token."""
    monkeypatch.setenv("OSMOD_CORS_ORIGINS", "https://pages.example,https://more.example")
    get_settings.cache_clear()
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    with TestClient(make_app()) as client:
        allowed = client.options("/api/jobs", headers={"Origin": "https://more.example", **asked})
        assert (200, "https://more.example") == (
            allowed.status_code,
            allowed.headers["access-control-allow-origin"],
        )
        other = client.options("/api/jobs", headers={"Origin": "https://elsewhere.example", **asked})
        assert "access-control-allow-origin" not in other.headers


@pytest.mark.only_on("sqlite")
def test_fields_at_fault(app: FastAPI, client: TestClient) -> None:
    """Each by name, without its value; broken JSON is a 400."""

    @app.post(OURS, dependencies=[Depends(open_to_all)])
    def probe(body: Wanted, page: int = 1) -> Any:
        return body

    refused = client.post(f"{OURS}?page=x", json={"limit": "private"})
    assert (422, {"query.page", "body.limit"}) == (
        refused.status_code,
        {one["field"] for one in refused.json()["errors"]},
    )
    assert "private" not in refused.text
    broken = client.post(OURS, content=b"{", headers={"Content-Type": "application/json"})
    assert (400, "The body is no JSON.") == (broken.status_code, broken.json()["detail"])


@pytest.mark.parametrize(
    ("given", "kept"), [("a-1.B_2", True), ("x" * 65, False), ("a b", False), ("", False)]
)
@pytest.mark.only_on("sqlite")
def test_the_name_of_a_request(client: TestClient, given: str, kept: bool) -> None:
    """The client's own, if it is a plain word; else one of ours."""
    named = client.get("/api/auth/healthcheck", headers={"X-Request-ID": given}).headers["X-Request-ID"]
    assert kept == (given == named)
    assert named


@pytest.mark.only_on("sqlite")
def test_the_access_log(client: TestClient, token: MakeToken, caplog: pytest.LogCaptureFixture) -> None:
    """Who asked for what, and how it went; nothing of the query, whose token may be there."""
    caplog.set_level(logging.INFO, "osmod")
    secret = token("service")
    client.get(f"/api/auth/test?token={secret}")
    client.get("/api/auth/%1b%5bm?token=rubbish")
    lines = [record for record in caplog.records if record.name == "osmod.web.frame.access_log"]
    assert [("/api/auth/test", 200, 4), ("/api/auth/%1B%5Bm", 404, None)] == [
        (vars(line)["path"], vars(line)["status"], vars(line).get("user")) for line in lines
    ]
    assert not [text for text in (secret, "rubbish", "token=") if text in caplog.text]


@pytest.mark.only_on("sqlite")
def test_a_database_that_is_away(
    client: TestClient, token: MakeToken, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever shows a token is told to come again; what needs no database is answered."""
    shown = {"Authorization": f"JWT {token('general')}"}
    monkeypatch.setenv("DATABASE_URL", "mysql+pymysql://nobody:secret@127.0.0.1:1/nothing")
    get_settings.cache_clear()
    for path in ("/api/auth/test", "/api/jobs/nothing", "/api/services/nothing"):
        answer = client.get(path, headers=shown)
        assert (503, "5") == (answer.status_code, answer.headers["retry-after"])
        assert "secret" not in answer.text
    assert 218 == client.get("/api/auth/healthcheck").status_code


def test_half_an_answer_is_cut_off(app: FastAPI) -> None:
    """What was begun and cannot be ended raises, so that the server ends the connection."""
    from starlette.responses import StreamingResponse

    def broken() -> Any:
        yield b"half"
        raise RuntimeError("the other half")

    app.get(OURS, dependencies=[Depends(open_to_all)])(lambda: StreamingResponse(broken()))
    with TestClient(app) as client, pytest.raises(RuntimeError, match="the other half"):
        client.get(OURS)
