"""The app in this process, on the test's database, and tokens for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import jwt
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from osmod.access.roles import Role
from osmod.access.tokens import Claims, Signing, make_token
from osmod.moderation.database import open_session
from osmod.moderation.models import AccessToken, ConfigurationItem, Group, User
from osmod.task import get_engine
from tests.immediate import immediately
from tests.web.routes import make_app

SIGNING = Signing("the-secret-of-the-tests-the-secret-of-the-tests", "OSMod")
#: Who is who, by id.
USERS: dict[Group, int] = {"general": 1, "admin": 2, "moderator": 3, "service": 4, "youtube": 5}
#: By whose user a token of a role is made, where no group has it.
GRANTED_BY: dict[Role, Group] = {
    Role.VIEWER: "service",
    Role.OPERATOR: "service",
    Role.MODERATOR: "general",
    Role.SERVICE: "service",
    Role.ADMIN: "admin",
    Role.SCORER: "moderator",
    Role.NOBODY: "youtube",
}

#: `token("general")`: one of OSMod's; `token(Role.VIEWER)`: one of ours, limited to a role.
MakeToken = Callable[[Group | Role], str]


@pytest.fixture
def immediate(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Jobs run where they are sent; the database is the test's. It has a user of each group, and the secret."""
    immediately(engine, monkeypatch)
    with open_session(engine) as session:
        secret = {"secret": SIGNING.secret, "issuer": SIGNING.issuer, "expiration_minutes": 720}
        session.add(ConfigurationItem(id="token", data=secret))
        for group, user_id in USERS.items():
            session.add(User(id=user_id, group=group, name=group, email=address_of(group), is_active=True))
        session.commit()
    yield
    get_engine().dispose()


@pytest.fixture
def app(immediate: None) -> FastAPI:
    """The app, whose jobs run where they are sent."""
    return make_app()


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    """Asks the app. What a route raises is answered, as it is in production."""
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def token(engine: Engine) -> MakeToken:
    """Tokens of the users of each group, and of each role."""

    def make(kind: Group | Role) -> str:
        if not isinstance(kind, Role):
            claims = Claims(USERS[kind], address_of(kind))
            return make_token(claims, SIGNING, expires_at=None)
        group = GRANTED_BY[kind]
        token_id = f"token-{kind}"
        with open_session(engine) as session:
            if session.get(AccessToken, token_id) is None:
                row = AccessToken(id=token_id, user_id=USERS[group], purpose="a test", role=kind)
                session.add(row)
                session.commit()
        limit = None if kind is Role.NOBODY else kind
        return make_token(Claims(USERS[group], address_of(group), token_id, limit), SIGNING, expires_at=None)

    return make


def address_of(group: Group) -> str | None:
    """People have an address, programs have none."""
    return f"{group}@example.com" if group in ("general", "admin") else None


def signed(payload: dict[str, object], secret: str = SIGNING.secret, algorithm: str = "HS256") -> str:
    """A token with just this payload."""
    return jwt.encode(payload, secret, algorithm=algorithm)
