"""`/api/jobs`: find, count, gather, look at and send jobs."""

from __future__ import annotations

import json

import pytest
from fastapi.testclient import TestClient

import actors
from osmod.access.roles import Role
from osmod.jobs.broker import JobBroker
from osmod.jobs.records.filters import JobFilter
from osmod.jobs.records.find import count
from osmod.jobs.steering import audit_log
from tests.found import only
from tests.jobs.records.taking import end
from tests.web.api.jobs.conftest import Ask
from tests.web.conftest import MakeToken

pytestmark = [pytest.mark.only_on("sqlite"), pytest.mark.only_on("valkey")]


def test_pages_go_on_by_their_cursor(broker: JobBroker, ask: Ask) -> None:
    """Each job stands on one page, the newest first, or the oldest."""
    sent = [actors.accept_comments.send(comment_id=number).message_id for number in range(5)]

    first = ask("GET", "/jobs?limit=3", role=Role.VIEWER).json()
    second = ask("GET", f"/jobs?limit=3&cursor={first['cursor']}").json()

    assert sent[::-1] == [job["id"] for job in first["jobs"] + second["jobs"]]
    assert second["cursor"] is None
    assert sent == [job["id"] for job in ask("GET", "/jobs?sort=oldest").json()["jobs"]]


def test_conditions_are_those_of_the_command_line(broker: JobBroker, ask: Ask) -> None:
    """Actor in either spelling, state, error, argument, id by its beginning, times."""
    failed = actors.accept_comments.send(comment_id=1).message_id
    end(broker, 1, TimeoutError("no answer"))
    actors.reject_comments.send(comment_id=1)

    for condition in (
        "actor=accept_comments",
        "state=failed",
        "state=failed&state=done",
        "error=TimeoutError",
        "queue=default&state=failed&argument=comment_id=1",
        f"id={failed}",
        f"id={failed[:8]}",
        "state=failed&since=2 hours",
    ):
        assert [failed] == [job["id"] for job in ask("GET", f"/jobs?{condition}").json()["jobs"]], condition
        assert {"count": 1, "hints": []} == ask("GET", f"/jobs/count?{condition}").json(), condition
    assert [] == ask("GET", "/jobs?until=2 hours ago").json()["jobs"]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("actr=acceptComments", "There is no parameter 'actr' here; did you mean 'actor'?"),
        ("state=faild", "query.state.0: Input should be 'waiting', 'delayed', 'active'"),
        ("since=yesterday", "since: 'yesterday' is neither a moment"),
        ("argument=12", "argument='12': expected name=value"),
        ("cursor=nonsense", "cursor 'nonsense' is none that a page of jobs came with."),
        ("limit=0", "query.limit: Input should be greater than or equal to 1"),
    ],
)
def test_what_makes_no_sense_is_refused(ask: Ask, query: str, said: str) -> None:
    """With the parameter's name, and what was meant."""
    refused = ask("GET", f"/jobs?{query}")

    assert 422 == refused.status_code
    assert said in refused.json()["detail"]
    assert "application/problem+json" == refused.headers["Content-Type"]


def test_names_that_nothing_is_known_by_are_told(broker: JobBroker, ask: Ask) -> None:
    """Nothing is found, which is no error, and what may have been meant is said."""
    for path in ("/jobs", "/jobs/count", "/jobs/groups"):
        found = ask("GET", f"{path}?actor=acceptComment")
        assert 200 == found.status_code
        assert "did you mean 'acceptComments'?" in found.json()["hints"][0]


def test_an_id_that_several_begin_with_is_refused(broker: JobBroker, ask: Ask) -> None:
    """With two of them."""
    for job_id in ("abcdef-1", "abcdef-2"):
        broker.enqueue(actors.heartbeat.message().copy(message_id=job_id))

    refused = ask("GET", "/jobs/abcdef")
    assert (422, "id") == (refused.status_code, refused.json()["field"])
    assert "abcdef-1, abcdef-2" in refused.json()["detail"]


def test_failures_are_gathered(broker: JobBroker, ask: Ask) -> None:
    """By actor and error, with an example."""
    for number in range(2):
        actors.accept_comments.send(comment_id=number)
    end(broker, 2, TimeoutError("no answer"))

    (group,) = ask("GET", "/jobs/groups").json()["groups"]
    assert ("acceptComments", "TimeoutError", 2) == (group["actor"], group["error"], group["count"])


def test_one_job_is_shown_without_what_is_sensitive(broker: JobBroker, ask: Ask) -> None:
    """Readers' ids are masked, in its page, in lists and in its log."""
    sent = actors.process_tag_addition.send(
        type="flag", source_comment_id="1", source_user_id="ada@example.com"
    )

    shown = ask("GET", f"/jobs/{sent.message_id[:8]}").json()
    assert sent.message_id == shown["id"]
    assert "•••" == shown["arguments"]["source_user_id"]
    for path in ("/jobs", f"/jobs/{sent.message_id}", f"/jobs/{sent.message_id}/log"):
        assert "ada@example" not in ask("GET", path).text
    assert {"log": [], "progress": None} == ask("GET", f"/jobs/{sent.message_id}/log").json()


def test_a_job_whose_values_json_has_no_form_for_is_shown(broker: JobBroker, ask: Ask) -> None:
    """Half of a surrogate pair, and numbers without an end; a program of another language may send them."""
    message = actors.heartbeat.message().copy(args=("\ud800", float("nan"), 1e999))
    broker.enqueue(message)

    (listed,) = ask("GET", "/jobs").json()["jobs"]
    assert listed == ask("GET", f"/jobs/{message.message_id}").json()
    assert {"0": "\ud800", "1": "nan", "2": "inf"} == listed["arguments"]


def test_a_job_that_is_not_there(ask: Ask) -> None:
    """Is a 404 that says why."""
    assert "There is no record of a job" in ask("GET", "/jobs/nothing-here").json()["detail"]
    assert 404 == ask("GET", "/jobs/nothing-here/log").status_code


def test_a_job_is_sent_with_options(broker: JobBroker, ask: Ask) -> None:
    """Checked, queued, and in the audit log under the caller's name."""
    body = {
        "actor": "accept_comments",
        "arguments": {"commentId": 12},
        "options": {"priority": "high", "delay": "5 minutes", "unique": "accept-12"},
        "reason": "by hand",
    }
    sent, again = ask("POST", "/jobs", json=body), ask("POST", "/jobs", json=body)

    assert (201, True) == (sent.status_code, sent.json()["created"])
    assert (200, {"id": sent.json()["id"], "created": False}) == (again.status_code, again.json())
    job = ask("GET", f"/jobs/{sent.json()['id']}").json()
    assert ("delayed", -10, {"comment_id": 12}) == (job["state"], job["priority"], job["arguments"])
    entry = only(audit_log(broker))
    assert ("enqueue", "service (user 4)", "by hand") == (entry.act, entry.who, entry.reason)


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({"actor": "acceptComment"}, 404, "did you mean 'acceptComments'?"),
        ({"actor": "acceptComments", "arguments": {"comment": 1}}, 422, "has no argument 'comment'"),
        ({"actor": "acceptComments", "arguments": {"comment_id": "x"}}, 422, "comment_id"),
        ({"actor": "acceptComments", "arguments": {}}, 422, "commentId is missing"),
        ({"actor": "heartbeat", "options": {"priorty": 1}}, 422, "did you mean 'priority'?"),
        ({"actor": "heartbeat", "options": {"priority": "urgent"}}, 422, "priority='urgent'"),
        ({"actor": "heartbeat", "options": {"delay": "soon"}}, 422, "soon"),
        ({"actor": "heartbeat", "options": {"retries": 3}}, 422, "unknown option 'retries'"),
        ({"actor": "heartbeat", "argument": {}}, 422, "body.argument"),
        ({"actor": "heart\ud800beat"}, 422, "surrogate"),
        ({"actor": "heartbeat", "reason": "\ud800"}, 422, "body.reason"),
        ({"actor": "acceptComments", "arguments": {"comment_id": "\ud800"}}, 422, "comment_id"),
        ({"actor": "acceptComments", "arguments": {"comment_id": 1e400}}, 422, "comment_id"),
        ({"actor": "heartbeat", "options": {"delay": 10**30}}, 422, "delay"),
        ({"actor": "heartbeat", "options": {"unique": "\ud800"}}, 422, "unique"),
        ({"actor": "heartbeat", "options": {"delay": [1]}}, 422, "delay"),
        ({"actor": "heartbeat", "options": {"due": "soon"}}, 422, "soon"),
    ],
)
def test_a_job_that_makes_no_sense_is_refused(
    broker: JobBroker, client: TestClient, token: MakeToken, body: object, status: int, said: str
) -> None:
    """Nothing is queued."""
    headers = {"Authorization": f"Bearer {token(Role.OPERATOR)}", "Content-Type": "application/json"}
    refused = client.post("/api/jobs", headers=headers, content=json.dumps(body).encode())

    assert (status, True) == (refused.status_code, said.lower() in refused.json()["detail"].lower()), (
        refused.text
    )
    assert 0 == count(broker, JobFilter())


def test_redis_away(broker: JobBroker, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    """503, and when to ask again, for what shows as for what sends."""
    gone = JobBroker(host="127.0.0.1", port=1, send_patience=1, middleware=[])
    monkeypatch.setattr("dramatiq.broker.global_broker", gone)
    for actor in broker.actors.values():
        gone.actors[actor.actor_name] = actor
        monkeypatch.setattr(actor, "broker", gone)

    for answer in (ask("GET", "/jobs"), ask("POST", "/jobs", json={"actor": "heartbeat"})):
        assert (503, "5") == (answer.status_code, answer.headers["Retry-After"])
    gone.close()


def test_without_a_queue(immediate: None, monkeypatch: pytest.MonkeyPatch, token: MakeToken) -> None:
    """Where jobs run at once there are none to see; that is said."""
    from tests.web.routes import make_app

    with TestClient(make_app()) as client:
        answer = client.get("/api/jobs", headers={"Authorization": f"Bearer {token(Role.VIEWER)}"})
    assert (409, "No queue") == (answer.status_code, answer.json()["title"])
