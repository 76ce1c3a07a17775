"""Streams by which open pages are kept up to date."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from osmod.access.roles import Role
from osmod.jobs.broker import JobBroker
from osmod.jobs.queue.minutes import note_minute
from osmod.jobs.steering import pause
from osmod.moderation.database import open_session
from osmod.moderation.models import AccessToken, now
from osmod.web.pages.frame import live, templates
from osmod.web.pages.frame.fragments import Rendered
from tests.pages.conftest import SignIn
from tests.waiting import until
from tests.web.conftest import MakeToken
from tests.web.serving import HOST, Served, served

#: Pages that are open at the same time.
READERS = 200

pytestmark = pytest.mark.only_on("sqlite")


def test_a_stream_ends_with_its_session(
    client: TestClient, sign_in: SignIn, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A session that is revoked while a page is open is shown nothing more after the next heartbeat."""
    sign_in("admin")
    monkeypatch.setattr(live, "HEARTBEAT", 0.01)
    following = live.Stream.next

    async def revoked_meanwhile(stream: live.Stream) -> dict[str, Rendered] | None:
        with open_session(engine) as session:
            session.query(AccessToken).update({"revoked_at": now()})
            session.commit()
        return await following(stream)

    monkeypatch.setattr(live.Stream, "next", revoked_meanwhile)
    told = client.get("/ui/live/decisions")
    assert (200, True) == (told.status_code, told.text.endswith("event: over\ndata:\n\n"))
    assert 401 == client.get("/ui/live/decisions").status_code


@pytest.mark.only_on("valkey")
def test_many_readers(
    app: FastAPI, queue: JobBroker, token: MakeToken, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """200 open pages are shown what changes, each part of it rendered once for all; what they held is let go."""
    note_minute(queue, ["default"])
    rendered: list[str] = []
    render = templates.render

    def note(name: str, **given: object) -> str:
        rendered.append(name)
        return render(name, **given)

    monkeypatch.setattr("osmod.web.pages.frame.fragments.render", note)
    cookie = token(Role.OPERATOR)
    with served(app, connections=400) as server:
        with ExitStack() as stack:
            readers = [stack.enter_context(opened(server, cookie)) for _ in range(READERS)]
            for reader in readers:
                read_until(reader, b"HTTP/1.1 200")
            rendered.clear()
            pause(queue, "default", by="ann")
            for reader in readers:
                read_until(reader, b"by ann")
            assert 0 < rendered.count("overview_queues.html") < READERS
        until(lambda: server.connections() == 0, what="all are gone")


@contextmanager
def opened(server: Served, cookie: str) -> Iterator[socket.socket]:
    """A page's stream, as a browser opens it."""
    with socket.create_connection((HOST, server.port), timeout=120) as one:
        one.sendall(
            b"GET /ui/live/overview HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: osmod=%s\r\n\r\n" % cookie.encode()
        )
        yield one


def read_until(reader: socket.socket, words: bytes) -> None:
    """Read on until these words have come."""
    seen = b""
    while words not in seen:
        piece = reader.recv(65_536)
        assert piece, "the stream has ended"
        seen = seen[-len(words) :] + piece
