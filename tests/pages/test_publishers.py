"""The page of publishers, and of what they were to be told."""

from __future__ import annotations

import html
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from osmod.access.roles import Role
from osmod.jobs.broker import JobBroker
from osmod.jobs.steering import audit_log
from osmod.moderation.database import open_session
from osmod.moderation.models import (
    DecisionDelivery,
    DeliveryAttempt,
    DeliveryState,
    PublisherStanding,
    User,
    now,
)
from osmod.web.pages.frame.fragments import RENDERINGS
from osmod.web.pages.frame.session import CSRF
from tests.pages.conftest import SignIn
from tests.publishers.fake import Fake, Reply
from tests.publishers.hooked import hooked
from tests.web.conftest import USERS

pytestmark = [pytest.mark.only_on("sqlite"), pytest.mark.only_on("valkey")]

ID = USERS["service"]
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.fixture
def publisher(engine: Engine, queue: JobBroker) -> int:
    """A publisher that was told of one decision, could not be told of two, and is to be told of a third."""
    with open_session(engine) as session:
        user = session.get_one(User, ID)
        user.extra = {"webhook": {"url": "https://news.example/hook?key=their-own", "secrets": [SECRET]}}
        sent: tuple[DeliveryState, ...] = ("delivered", "failed", "failed", "waiting")
        for number, state in enumerate(sent, 1):
            row = DecisionDelivery(
                id=number, message_id=f"m{number}", comment_id=number, decision_id=number, owner_id=ID
            )
            row.sequence, row.event, row.data, row.state = 1, "comment.accepted", {}, state
            row.settled_at = None if state == "waiting" else now()
            session.add(row)
        attempt: dict[str, Any] = {
            "delivery_id": 2,
            "status": 503,
            "milliseconds": 12,
            "error": "<b>busy</b>",
        }
        session.add(DeliveryAttempt(at=now(), answer="", **attempt))
        session.commit()
    return ID


@pytest.fixture
def hook(engine: Engine, publisher: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[Fake]:
    """The publisher's side, over HTTP."""
    with hooked(engine, publisher, monkeypatch) as fake:
        yield fake


@pytest.fixture
def act(client: TestClient, sign_in: SignIn) -> Any:
    """Sends a form as an operator; returns status and what was said."""
    csrf = sign_in(Role.OPERATOR)

    def do(path: str, **fields: str) -> tuple[int, str]:
        answer = client.post(f"/ui{path}", data={CSRF: csrf, **fields}, headers={"HX-Request": "true"})
        return answer.status_code, html.unescape(answer.text)

    return do


def states(engine: Engine) -> list[str]:
    with open_session(engine) as session:
        return [row.state for row in session.query(DecisionDelivery).order_by(DecisionDelivery.id)]


def test_how_it_goes(client: TestClient, sign_in: SignIn, publisher: int) -> None:
    """What each has not heard, where it is told, what came of each attempt; nothing that is secret."""
    sign_in(Role.VIEWER)
    page = client.get("/ui/publishers").text
    assert f'publisher={publisher}&amp;state=failed#deliveries">2</a>' in page
    assert "https://news.example/hook" in page
    assert "their-own" not in page
    assert SECRET not in page
    assert "&lt;b&gt;busy&lt;/b&gt;" in page
    assert "1 attempt" in page
    assert "/disable" not in page, "a viewer cannot act"


@pytest.mark.parametrize(
    ("query", "shown", "said"),
    [
        ("state=failed", {2, 3}, ""),
        ("comment=1", {1}, ""),
        ("publisher=99", set(), "No delivery fits."),
        ("publisher=x&comment=1", {1}, "publisher: 'x' is no id; write a number."),
        ("state=lost", {1, 2, 3, 4}, "state: there is no state 'lost'; there are"),
        ("comment=99999999999999999999", {1, 2, 3, 4}, "is no id; write a number."),
    ],
)
def test_deliveries_that_are_asked_for(
    client: TestClient, sign_in: SignIn, publisher: int, query: str, shown: set[int], said: str
) -> None:
    """What is wrong with the question is named, the rest is used."""
    sign_in(Role.VIEWER)
    page = html.unescape(client.get(f"/ui/publishers?{query}").text)
    assert shown == {one for one in range(1, 5) if f"comment {one}, decision 1" in page}
    assert said in page


def test_disabled_and_enabled(act: Any, engine: Engine, queue: JobBroker, publisher: int) -> None:
    """Told nothing more, then again; each is written down, and what was so already is said."""
    path = f"/publishers/{publisher}"
    assert (200, True) == (lambda status, said: (status, "is told nothing more" in said))(
        *act(f"{path}/disable", reason="moving")
    )
    with open_session(engine) as session:
        assert "disabled by service (user 4): moving" == session.get_one(PublisherStanding, publisher).reason
    assert "is disabled already" in act(f"{path}/disable")[1]
    assert "is told again, 0 held decisions first" in act(f"{path}/enable")[1]
    assert "is not disabled" in act(f"{path}/enable")[1]
    assert ["enable publisher", "disable publisher"] == [one.act for one in audit_log(queue)]
    assert 404 == act("/publishers/99/disable")[0]


def test_told_again(act: Any, client: TestClient, engine: Engine, publisher: int) -> None:
    """One, or all that failed once their number was said; what cannot be is refused, and changes nothing."""
    assert "Tell 2 failed again" in client.get("/ui/publishers").text
    status, said = act("/deliveries/1/replay")
    assert (200, True) == (status, "1 delivery told again" in said)
    assert 409 == act("/deliveries/4/replay")[0]
    assert 404 == act("/deliveries/x/replay")[0]
    status, said = act(f"/publishers/{publisher}/replay", confirm="7")
    assert (409, True) == (status, "by now 2 deliveries could be told again" in said)
    assert ["waiting", "failed", "failed", "waiting"] == states(engine)
    assert "2 deliveries told again" in act(f"/publishers/{publisher}/replay", confirm="2")[1]
    assert ["waiting"] * 4 == states(engine)


def test_a_text_of_ones_own(act: Any, engine: Engine, queue: JobBroker, publisher: int, hook: Fake) -> None:
    """Is sent at once; status, time and the beginning of the answer are shown, as texts, and no secret."""
    path, before = f"/publishers/{publisher}/test", states(engine)
    hook.script += [Reply(body=b"<b>ok</b>"), Reply(500, body=hook.secrets[0].encode()), Reply(410)]

    status, said = act(path, text="Hello")
    assert (200, True) == (status, "answered 200 in" in said)
    assert "Its answer begins: <b>ok</b>" in said
    status, said = act(path, text="Hello")
    assert (502, True) == (status, "answered 500" in said)
    assert hook.secrets[0].removeprefix("whsec_") not in said
    assert 502 == act(path, text="Hello")[0]

    assert before == states(engine)
    assert ["test"] * 3 == [one.content["type"] for one in hook.received]
    assert (422, 422) == (act(path, text="")[0], act(path, text="x" * 1_001)[0])
    assert 404 == act("/publishers/99/test", text="Hello")[0]
    assert ["test publisher"] * 3 == [one.act for one in audit_log(queue)]
    with open_session(engine) as session:
        assert 0 == session.query(PublisherStanding).count(), "a test disables nobody"


def test_nothing_there_yet(client: TestClient, sign_in: SignIn, queue: JobBroker) -> None:
    """Says how a publisher is made."""
    sign_in(Role.VIEWER)
    RENDERINGS.forget()
    page = client.get("/ui/publishers").text
    assert "There is no publisher." in page
    assert "Nothing was to be told yet." in page
