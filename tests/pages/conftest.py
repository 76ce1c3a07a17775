"""A reader who has signed in, in a browser that says where its forms come from."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy import Engine

from osmod.access.roles import Role
from osmod.moderation.models import Group
from osmod.web.pages.frame.fragments import RENDERINGS
from osmod.web.pages.frame.session import CSRF, csrf_of
from tests.moderation.world import World
from tests.web.conftest import MakeToken
from tests.web.conftest import app as app
from tests.web.conftest import immediate as immediate
from tests.web.conftest import token as token
from tests.web.queues import queue as queue

ORIGIN = "http://testserver"

#: Signs in as the user of a group or with a role; returns what forms must carry.
SignIn = Callable[[Group | Role], str]
#: Sends a form of a page.
Press = Callable[..., Response]


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


@pytest.fixture
def world(engine: Engine, immediate: None) -> World:
    """What there is to moderate."""
    return World(engine)


@pytest.fixture
def press(client: TestClient, sign_in: SignIn) -> Press:
    """Sign in as a moderator, and send a form of a page, by its address or as it was answered, as a browser does: the
    first that has this act, or these words on its button."""
    csrf = sign_in(Role.MODERATOR)

    def do(page: str | Response, act: str, /, **fields: str) -> Response:
        RENDERINGS.forget()
        text = client.get(page).text if isinstance(page, str) else page.text
        forms = re.findall(r"<form method=\"post\".*?</form>", text, re.S)
        form = next(one for one in forms if f'"{act}"' in one or f">{act}<" in one)
        address = re.search(r'action="([^"]+)"', form)
        assert address
        hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form))
        kept = {name: html.unescape(value) for name, value in hidden.items()}
        return client.post(address[1], data={**kept, CSRF: csrf, **fields})

    return do


def waiting(world: World, article: int, score: float, text: str = "Well said", **columns: object) -> int:
    """A comment that waits."""
    return world.comment(article, is_scored=True, max_summary_score=score, text=text, **columns)
