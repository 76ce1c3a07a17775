"""A reader who has signed in, in a browser that says where its forms come from."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from osmod.access.roles import Role
from osmod.moderation.models import Group
from osmod.web.pages.frame.fragments import RENDERINGS
from osmod.web.pages.frame.session import csrf_of
from tests.web.conftest import MakeToken
from tests.web.conftest import app as app
from tests.web.conftest import immediate as immediate
from tests.web.conftest import token as token
from tests.web.queues import queue as queue

ORIGIN = "http://testserver"

#: Signs in as the user of a group or with a role; returns what forms must carry.
SignIn = Callable[[Group | Role], str]


@pytest.fixture(autouse=True)
def _nothing_rendered_before() -> None:
    RENDERINGS.forget()


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    """A browser that has not signed in. What a route raises is answered, as it is in production."""
    with TestClient(app, raise_server_exceptions=False, headers={"Origin": ORIGIN}) as client:
        yield client


@pytest.fixture
def sign_in(client: TestClient, token: MakeToken) -> SignIn:
    """Sign in as a group's user or with a role; returns what forms must carry."""

    def do(kind: Group | Role) -> str:
        answer = client.post("/ui/sign-in", data={"token": token(kind)}, follow_redirects=False)
        assert 303 == answer.status_code, answer.text
        return csrf_of(answer.cookies["osmod"])

    return do
