"""A Redis that neither answers nor refuses."""

from __future__ import annotations

import pytest
import redis
from fastapi.testclient import TestClient

from osmod.access.roles import Role
from osmod.jobs.broker import JobBroker
from osmod.web.pages.frame import fragments
from osmod.web.pages.frame.fragments import RENDERINGS, Hangs
from osmod.web.problems import Problem
from tests.pages.conftest import SignIn

pytestmark = [pytest.mark.only_on("sqlite"), pytest.mark.only_on("valkey")]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """How often somebody waited for it in vain. What takes no time counts as long."""
    found: list[str] = []

    def hang(*_given: object, **_more: object) -> None:
        found.append("asked")
        raise redis.TimeoutError

    for look in ("facets", "failure_groups", "find", "audit_log"):
        monkeypatch.setattr(f"osmod.web.pages.jobs.{look}", hang)
    monkeypatch.setattr(fragments, "SLOW", 0.0)
    monkeypatch.setattr(fragments, "HANGS", Hangs())
    return found


def test_one_waits_for_all(
    client: TestClient, sign_in: SignIn, queue: JobBroker, monkeypatch: pytest.MonkeyPatch, asked: list[str]
) -> None:
    """The four parts of the page *Jobs* are not waited for one after the other; later it is asked again."""
    sign_in(Role.VIEWER)
    page = client.get("/ui/jobs").text
    assert 4 == page.count("comes back by itself")
    assert ["asked"] == asked

    monkeypatch.setattr(fragments, "PAUSE", -1.0)
    fragments.HANGS.note(Problem(503, "It is away."))
    RENDERINGS.forget()
    client.get("/ui/jobs")
    assert 5 == len(asked)


def test_what_fails_at_once_is_asked_each_time(
    client: TestClient, sign_in: SignIn, queue: JobBroker, monkeypatch: pytest.MonkeyPatch, asked: list[str]
) -> None:
    """A Redis that refuses holds up nobody."""
    monkeypatch.setattr(fragments, "SLOW", 60.0)
    sign_in(Role.VIEWER)
    client.get("/ui/jobs")
    assert 4 == len(asked)
