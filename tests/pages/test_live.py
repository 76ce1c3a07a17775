"""Streams by which open pages are kept up to date."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from osmod.moderation.database import open_session
from osmod.moderation.models import AccessToken, now
from osmod.web.pages.frame import live
from osmod.web.pages.frame.fragments import Rendered
from tests.pages.conftest import SignIn

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
