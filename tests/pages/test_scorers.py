"""The page of scorers."""

from __future__ import annotations

import html

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from osmod.access.roles import Role
from osmod.jobs.broker import JobBroker
from osmod.jobs.gate import Gate, GateLimits, Outcome
from osmod.jobs.steering import audit_log
from osmod.moderation.database import open_session
from osmod.moderation.models import User
from osmod.scorers import KeyRefused, Scored
from osmod.task.scorer_gates import gate_name
from osmod.web.pages import scorers
from osmod.web.pages.frame.fragments import RENDERINGS
from osmod.web.pages.frame.session import CSRF
from tests.pages.conftest import SignIn
from tests.web.conftest import USERS

pytestmark = [pytest.mark.only_on("sqlite"), pytest.mark.only_on("valkey")]

ID = USERS["moderator"]


@pytest.fixture
def scorer(engine: Engine, queue: JobBroker) -> int:
    """A scorer whose config can be used."""
    config = {"endpointType": "local", "attributes": {"TOXICITY": {}}, "apiKey": "secret-key"}
    with open_session(engine) as session:
        user = session.get_one(User, ID)
        user.name, user.extra = "<b>local</b>", config
        session.commit()
    return ID


def test_how_it_goes(client: TestClient, sign_in: SignIn, scorer: int) -> None:
    """Its state, limits and type; its key is not shown, its name stays a text."""
    sign_in(Role.VIEWER)
    page = client.get("/ui/scorers").text
    assert '&lt;b&gt;local&lt;/b&gt; <span class="pill">on</span>' in page
    assert "secret-key" not in page
    assert "/test" not in page, "a viewer cannot act"


def test_a_test(
    client: TestClient, sign_in: SignIn, scorer: int, queue: JobBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Says what was answered, or why not and what to do."""
    csrf = sign_in(Role.OPERATOR)
    answers: list[Scored | Exception] = [
        Scored({"summaryScores": {"TOXICITY": 0.25, "INSULT": 0.75}, "scores": {}}),
        KeyRefused("it does not take the key"),
    ]

    def run(_asked: object) -> Scored:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr("osmod.operating.trial.run", lambda asked: (asked.close(), run(asked))[1])

    def test(text: str) -> tuple[int, str]:
        answer = client.post(
            f"/ui/scorers/{scorer}/test", data={CSRF: csrf, "text": text}, headers={"HX-Request": "true"}
        )
        return answer.status_code, html.unescape(answer.text)

    status, said = test("You are an idiot")
    assert (200, True) == (status, "INSULT 0.750, TOXICITY 0.250." in said)
    status, said = test("You are an idiot")
    assert (502, True) == (
        status,
        f"Put a key that counts into apiKey in users.extra of user {scorer}" in said,
    )
    assert 422 == test("")[0]
    assert 422 == test("x" * (scorers.LONGEST + 1))[0]


def test_one_that_is_held_up(client: TestClient, sign_in: SignIn, scorer: int, queue: JobBroker) -> None:
    """Says why, and is asked again by a click, which is written down; an unknown one is told of."""
    csrf = sign_in(Role.OPERATOR)

    def resume(scorer_id: int) -> str:
        form = {CSRF: csrf, "reason": "paid"}
        return client.post(f"/ui/scorers/{scorer_id}/resume", data=form, headers={"HX-Request": "true"}).text

    assert "was not held up" in resume(scorer)
    gate = Gate(queue, gate_name(scorer), GateLimits())
    gate.enter("1")
    gate.leave("1", Outcome.refused("<i>key</i> unknown"))
    page = client.get("/ui/scorers").text
    assert '<span class="pill">refused</span>' in page
    assert "&lt;i&gt;key&lt;/i&gt; unknown; tried again in" in page
    assert "is asked again." in resume(scorer)
    (entry,) = audit_log(queue)
    assert ("resume scorer", f"scorer={scorer}", "paid") == (entry.act, entry.what, entry.reason)
    assert "There is no scorer 99" in resume(99)


def test_nothing_there_yet(client: TestClient, sign_in: SignIn, queue: JobBroker, engine: Engine) -> None:
    """Says how a scorer is made, and what happens until then; one that cannot be used says why."""
    sign_in(Role.VIEWER)
    assert '<span class="pill">unusable</span>' in client.get("/ui/scorers").text
    with open_session(engine) as session:
        session.get_one(User, ID).group = "youtube"
        session.commit()
    RENDERINGS.forget()
    assert "There is no scorer." in client.get("/ui/scorers").text
