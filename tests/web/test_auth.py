"""`/api/auth`, and how a token is shown."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from osmod.access.roles import Role
from osmod.access.secret import Keyring
from osmod.moderation.database import open_session
from osmod.moderation.models import ConfigurationItem, Group
from osmod.settings import get_settings
from osmod.task import get_engine
from osmod.web.api.osmod.auth import SENTENCE
from osmod.web.app import create_app
from tests.access.test_secret import PEM
from tests.web.conftest import USERS, MakeToken, address_of, signed


@pytest.mark.parametrize("group", USERS)
def test_a_token_of_osmods(client: TestClient, token: MakeToken, group: Group) -> None:
    """Of every group it counts, in the header and in the query."""
    shown = {"Authorization": f"jwt {token(group)}"}
    answer = client.get("/api/auth/test", headers=shown)
    assert (200, SENTENCE) == (answer.status_code, answer.text)
    assert 200 == client.get(f"/api/auth/test?token={token(group)}").status_code


@pytest.mark.parametrize("role", Role)
def test_a_token_of_ours(client: TestClient, token: MakeToken, role: Role) -> None:
    """It counts, whatever its role."""
    assert 200 == client.get("/api/auth/test", headers={"Authorization": f"JWT {token(role)}"}).status_code


@pytest.mark.parametrize(
    "shown",
    [
        {},
        {"Authorization": "JWT rubbish"},
        {"Authorization": "JWT "},
        {"Authorization": f"Bearer {signed({'user': 4, 'iss': 'OSMod'})}"},
        {"Authorization": f"JWT {signed({'user': 4, 'iss': 'Other'})}"},
        {"Authorization": f"JWT {signed({'user': 4})}"},
        {"Authorization": f"JWT {signed({'user': 4, 'iss': 'OSMod'}, 'x' * 64)}"},
        {"Authorization": f"JWT {signed({'user': 4, 'iss': 'OSMod'}, '', 'none')}"},
        {"Authorization": f"JWT {signed({'user': 4, 'iss': 'OSMod', 'exp': 1})}"},
        {"Authorization": f"JWT {signed({'user': 4, 'iss': 'OSMod', 'nbf': 2**40})}"},
        {"Authorization": f"JWT {signed({'user': '4', 'iss': 'OSMod'})}"},
        {"Authorization": f"JWT {signed({'user': 0, 'iss': 'OSMod'})}"},
        {"Authorization": f"JWT {signed({'user': True, 'iss': 'OSMod'})}"},
        {"Authorization": f"JWT {signed({'user': 2**70, 'iss': 'OSMod'})}"},
        {"Authorization": f"JWT {signed({'user': 99, 'iss': 'OSMod'})}"},
        {"Authorization": f"JWT {signed({'iss': 'OSMod'})}"},
        {"Authorization": f"JWT {signed({'user': 1, 'iss': 'OSMod'})}"},
        {"Authorization": f"JWT {signed({'user': 1, 'email': address_of('admin'), 'iss': 'OSMod'})}"},
        {"Authorization": f"JWT {signed({'user': 4, 'jti': 'unknown', 'iss': 'OSMod'})}"},
        {"Authorization": f"JWT {signed({'user': 4, 'jti': chr(0xD800), 'iss': 'OSMod'})}"},
        {"Authorization": f"JWT {signed({'user': 4, 'role': 'admin', 'iss': 'OSMod'})}"},
        {"Authorization": f"JWT {signed({'user': 4, 'role': 'viewer', 'iss': 'osmod-worker'})}"},
        {"Authorization": f"JWT {signed({'user': 4, 'role': [], 'iss': 'osmod-worker', 'jti': 'x'})}"},
    ],
)
def test_what_does_not_count(client: TestClient, shown: dict[str, str]) -> None:
    """Why, nobody is told."""
    answer = client.get("/api/auth/test", headers=shown)
    assert (401, "Unauthorized") == (answer.status_code, answer.text)
    assert not {"content-type", "www-authenticate"} & set(answer.headers)


@pytest.mark.only_on("sqlite")
@pytest.mark.parametrize("statement", ["DROP TABLE osmod_worker_tokens", "DROP TABLE configuration_items"])
def test_a_table_that_is_not_there(
    app: FastAPI, client: TestClient, token: MakeToken, engine: Engine, statement: str
) -> None:
    """Is no fault of the server's: 503, with what makes it."""
    shown = {"Authorization": f"Bearer {token(Role.VIEWER)}"}
    assert (
        409 == client.get("/api/jobs", headers=shown).status_code
    )  # SQLite's tables are made by the first call
    app.state.keyring = Keyring(get_engine)
    with engine.begin() as connection:
        connection.exec_driver_sql(statement)
    answer = client.get("/api/jobs", headers=shown)
    assert (503, True) == (answer.status_code, "`osmod db upgrade`" in answer.json()["detail"])


def test_a_secret_that_cannot_sign(client: TestClient, token: MakeToken, engine: Engine) -> None:
    """As one that somebody took from a key's file: 503, and the log says why."""
    shown = token(Role.VIEWER)
    with open_session(engine) as session:
        session.get_one(ConfigurationItem, "token").data = {"secret": PEM}
        session.commit()
    assert 503 == client.get("/api/jobs", headers={"Authorization": f"Bearer {shown}"}).status_code


@pytest.mark.only_on("sqlite")
@pytest.mark.parametrize("url", ["http://localhost:8000", "http://localhost:8000/api"])
def test_each_route_is_there_once(immediate: None, url: str) -> None:
    """OSMod mounts its tasks at the root as well; without a path of the API that is the same place."""
    app = create_app(replace(get_settings(), api_url=url))
    found = [one for one in iter_route_contexts(app.routes) if isinstance(one.original_route, APIRoute)]
    routes = Counter((one.path, *sorted(one.methods or ())) for one in found)
    assert {1} == set(routes.values())
