"""`POST /api/publishers/{publisher}/test`: a webhook is sent a text, here and now."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from osmod.access.roles import Role
from osmod.jobs.broker import JobBroker
from osmod.jobs.steering.audit import audit_log
from tests.publishers.fake import Fake, Reply
from tests.publishers.hooked import hooked
from tests.web.conftest import USERS, MakeToken
from tests.web.queues import queue as queue

pytestmark = [pytest.mark.only_on("sqlite"), pytest.mark.only_on("valkey")]

ID = USERS["service"]


@pytest.fixture
def hook(engine: Engine, queue: JobBroker, monkeypatch: pytest.MonkeyPatch) -> Iterator[Fake]:
    """The publisher's side, over HTTP."""
    with hooked(engine, ID, monkeypatch) as fake:
        yield fake


def test_a_text_of_ones_own(client: TestClient, token: MakeToken, queue: JobBroker, hook: Fake) -> None:
    """Status, answer and what went wrong are told; it stands in the audit log, with the reason."""
    hook.script += [Reply(body=b"ok"), Reply(500, body=hook.secrets[0].encode())]

    def send(publisher: int, body: Any, **query: str) -> Any:
        return client.post(
            f"/api/publishers/{publisher}/test",
            content=json.dumps(body),
            params=query,
            headers={"Authorization": f"JWT {token(Role.OPERATOR)}", "Content-Type": "application/json"},
        )

    good, bad = send(ID, {"text": "Hello"}, reason="try").json(), send(ID, {"text": "Hello"}).json()

    assert (ID, 200, "ok", "") == tuple(good[name] for name in ("publisher", "status", "answer", "problem"))
    assert good["message_id"].startswith("test-")
    assert (500, True) == (bad["status"], "500" in bad["problem"])
    assert hook.secrets[0].removeprefix("whsec_") not in str(bad)
    assert ["Hello"] * 2 == [one.content["data"]["text"] for one in hook.received]
    assert [("test publisher", ""), ("test publisher", "try")] == [
        (one.act, one.reason) for one in audit_log(queue)
    ]
    wrong = [{"text": ""}, {"text": "x" * 1_001}, {}, {"text": "Hello", "txt": 1}, {"text": "\ud83d"}]
    assert [422] * len(wrong) == [send(ID, body).status_code for body in wrong]
    assert (404, "There is no publisher 99.") == (
        send(99, {"text": "Hello"}).status_code,
        send(99, {"text": "Hello"}).json()["detail"],
    )
    assert 422 == send(ID, {"text": "Hello"}, reasn="x").status_code
    assert 2 == len(hook.received)
