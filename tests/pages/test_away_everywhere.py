"""Redis or the database goes away in the middle of an act, after each statement of each act: never a fault of ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import redis
from fastapi.testclient import TestClient
from pymysql.err import OperationalError as Away
from sqlalchemy import Engine, event
from sqlalchemy.exc import OperationalError

from osmod.access.roles import Role
from osmod.jobs.broker import JobBroker
from osmod.moderation.database import open_session
from osmod.moderation.desk.states import marks
from osmod.moderation.models import Comment
from osmod.task import get_engine
from osmod.web.pages.frame.session import CSRF
from tests.browser.scene import FAILED, furnish
from tests.pages.conftest import SignIn
from tests.pages.test_who_may import ACTS

pytestmark = [pytest.mark.only_on("sqlite"), pytest.mark.only_on("valkey")]

#: What is sent to the acts of pages, by the path of the route: the address, and what the form holds.
FORMS: dict[str, tuple[str, dict[str, str]]] = {
    "/queues/{queue}/pause": ("/queues/default/pause", {}),
    "/queues/{queue}/resume": ("/queues/default/resume", {}),
    "/workers/{worker}/{request}": ("/workers/nobody/quiet", {}),
    "/moderate/act": ("/moderate/act", {"act": "reject", "comment": "1", "mark": "MARK", "tag_id": "1"}),
    "/moderate/batch": ("/moderate/batch", {"act": "defer", "count": "3"}),
    "/moderate/undo": ("/moderate/undo", {}),
    "/moderate/next": ("/moderate/next", {}),
    "/moderate/begin": ("/moderate/begin", {"comment": "1"}),
    "/rules/save": ("/rules/save", {"tag": "1", "lower": "0.1", "upper": "0.2", "action": "Defer"}),
    "/jobs/act": ("/jobs/act", {"act": "retry", "confirm": "1"}),
    "/jobs/{job_id}/{act}": (f"/jobs/{FAILED}/retry", {}),
    "/schedules/{schedule}/{act}": ("/schedules/heartbeat/run", {}),
    "/scorers/{scorer_id}/resume": ("/scorers/3/resume", {}),
    "/scorers/{scorer_id}/test": ("/scorers/3/test", {"text": "x"}),
    "/publishers/{publisher}/disable": ("/publishers/4/disable", {}),
    "/publishers/{publisher}/enable": ("/publishers/4/enable", {}),
    "/publishers/{publisher}/test": ("/publishers/4/test", {"text": ""}),
    "/publishers/{publisher}/replay": ("/publishers/4/replay", {"confirm": "1"}),
    "/deliveries/{delivery}/replay": ("/deliveries/1/replay", {}),
}
#: What is answered: done, not there, another state, makes no sense, not told, not to be had now.
ANSWERS = {303, 404, 409, 422, 502, 503}


@contextmanager
def lost_after(engine: Engine, statements: int) -> Iterator[list[str]]:
    """The database goes away after so many statements; those that it was asked."""
    asked: list[str] = []

    def ask(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        asked.append(statement)
        if len(asked) > statements:
            raise OperationalError(None, None, Away(2013, "Lost connection to MySQL server during query"))

    event.listen(engine, "before_cursor_execute", ask)
    try:
        yield asked
    finally:
        event.remove(engine, "before_cursor_execute", ask)


@pytest.fixture
def csrf(sign_in: SignIn, queue: JobBroker, engine: Engine) -> str:
    """What forms carry, where there is something to act on."""
    furnish(queue, engine)
    return sign_in(Role.ADMIN)


def test_every_act_is_tried() -> None:
    """An act that is new gets a line above."""
    assert FORMS.keys() == ACTS.keys()


@pytest.mark.parametrize("path", FORMS)
def test_the_database(
    client: TestClient, csrf: str, engine: Engine, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    """A sentence and a status that says so, after whichever statement it is lost; then it works."""
    monkeypatch.setattr("osmod.moderation.work.ATTEMPTS", 1)  # it stays away, and each other one would pause
    address, fields = filled(engine, path)
    for statements in range(100):
        form = {CSRF: csrf, "form": f"form {statements}", **fields}
        with lost_after(get_engine(), statements) as asked:
            answer = client.post(f"/ui{address}", data=form, follow_redirects=False)
        assert answer.status_code in ANSWERS, (statements, asked[-1])
        if len(asked) <= statements:
            break
        assert 503 == answer.status_code or 303 == answer.status_code, (statements, asked[-1])
    assert 503 != answer.status_code


@pytest.mark.parametrize("error", [redis.ConnectionError, redis.TimeoutError])
def test_redis(
    client: TestClient, csrf: str, engine: Engine, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    """Acts on comments and rules are done, the others say that it is away."""

    def away(*_given: object, **_more: object) -> None:
        raise error

    with monkeypatch.context() as patch:
        for pool in (redis.connection.ConnectionPool, redis.connection.BlockingConnectionPool):
            patch.setattr(pool, "get_connection", away)
        for path in FORMS:
            address, fields = filled(engine, path)
            form = {CSRF: csrf, "form": path, **fields}
            answer = client.post(f"/ui{address}", data=form, follow_redirects=False)
            assert answer.status_code in ANSWERS, (path, answer.text)


def filled(engine: Engine, path: str) -> tuple[str, dict[str, str]]:
    """The address and the form, with the mark of the comment as it is now."""
    address, fields = FORMS[path]
    with open_session(engine) as session:
        (mark,) = marks(session, [session.get_one(Comment, 1)]).values()
    return address, {name: mark if value == "MARK" else value for name, value in fields.items()}
