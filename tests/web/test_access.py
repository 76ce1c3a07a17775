"""`/api/users` and `/api/tokens`, as an admin uses them."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.web.conftest import USERS, MakeToken


@pytest.fixture
def admin(client: TestClient, token: MakeToken) -> TestClient:
    """Asks as an admin."""
    client.headers["Authorization"] = f"Bearer {token('admin')}"
    return client


def counts(client: TestClient, token: str) -> bool:
    """Whether a token is let in."""
    shown = {"Authorization": f"JWT {token}"}
    return client.get("/api/auth/test", headers=shown).status_code == 200


def test_a_program_and_its_token(admin: TestClient) -> None:
    """Made, listed, revoked, disabled."""
    made = admin.post("/api/users", json={"group": "service", "name": "Website"})
    user = made.json()
    assert (201, "service", True) == (made.status_code, user["role"], user["active"])
    assert user in admin.get("/api/users").json()["users"]
    path = f"/api/users/{user['id']}/tokens"
    one, other = (admin.post(path, json={"purpose": purpose}).json() for purpose in ("one", "other"))
    assert counts(admin, one["token"])
    listed = admin.get("/api/tokens", params={"user": user["id"]}).json()["tokens"]
    assert {"one", "other"} == {row["purpose"] for row in listed}
    assert not [row for row in listed if "token" in row]
    assert not admin.delete(f"/api/tokens/{one['id']}").json()["good"]
    assert (False, True) == (counts(admin, one["token"]), counts(admin, other["token"]))
    assert not admin.post(f"/api/users/{user['id']}/disable").json()["active"]
    assert not counts(admin, other["token"])
    assert admin.post(f"/api/users/{user['id']}/enable").json()["active"]
    assert counts(admin, other["token"])


def test_a_limited_token(admin: TestClient) -> None:
    """It has the role alone, and no end if none is wanted."""
    path = f"/api/users/{USERS['admin']}/tokens"
    made = admin.post(path, json={"role": "viewer", "expires_in": None}).json()
    assert ("viewer", None) == (made["role"], made["expires"])
    assert 403 == admin.get("/api/users", headers={"Authorization": f"Bearer {made['token']}"}).status_code


@pytest.mark.only_on("sqlite")
@pytest.mark.parametrize(
    ("method", "path", "body", "status", "said"),
    [
        ("POST", "/api/users", {"group": "admin", "name": "A"}, 422, "email: "),
        ("POST", "/api/users", {"group": "moderator", "name": "A"}, 422, "body.group: "),
        ("POST", "/api/users", {"group": "service", "name": "A", "rights": 1}, 422, "body.rights: "),
        ("POST", "/api/users/99/tokens", {}, 404, "there is no user 99"),
        ("POST", "/api/users/1/tokens", {"role": "admin"}, 422, "role: "),
        ("POST", "/api/users/1/tokens", {"expires_in": 0}, 422, "body.expires_in: "),
        ("POST", "/api/users/1/tokens", {"purpose": "x" * 256}, 422, "purpose: "),
        ("POST", "/api/users/0/disable", None, 422, "path.user_id: "),
        ("POST", "/api/users/99999999999/disable", None, 422, "path.user_id: "),
        ("DELETE", f"/api/tokens/{'0' * 36}", None, 404, "no token has the id"),
        ("DELETE", "/api/tokens/%25", None, 422, "path.token_id: "),
    ],
)
def test_refused(admin: TestClient, method: str, path: str, body: Any, status: int, said: str) -> None:
    """With the field at fault, and nothing is made."""
    answer = admin.request(method, path, json=body)
    assert (status, "application/problem+json") == (answer.status_code, answer.headers["content-type"])
    assert answer.json()["detail"].startswith(said)
    assert len(USERS) == len(admin.get("/api/users").json()["users"])
    assert [] == admin.get("/api/tokens").json()["tokens"]
