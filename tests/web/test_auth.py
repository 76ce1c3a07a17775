"""`/api/auth`, and how a token is shown."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from osmod.access.roles import Role
from osmod.moderation.models import Group
from osmod.web.api.osmod.auth import SENTENCE
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
