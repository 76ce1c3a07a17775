"""A form on jobs that is sent twice, as by a second click without scripts: the browser shows the second answer."""

from __future__ import annotations

import html
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from osmod.access.roles import Role
from osmod.jobs import steering
from osmod.jobs.broker import JobBroker
from osmod.jobs.records.filters import JobFilter
from osmod.jobs.steering import again
from osmod.web.pages.frame.session import CSRF
from tests.jobs.records.taking import end
from tests.pages.conftest import SignIn

pytestmark = [pytest.mark.only_on("sqlite"), pytest.mark.only_on("valkey")]


@pytest.fixture
def failed(queue: JobBroker) -> list[str]:
    """Three jobs that failed."""
    for number in range(3):
        queue.get_actor("acceptComments").send(comment_id=number + 1, user_id=None)
    return end(queue, 3, TimeoutError("no answer"))


@pytest.mark.parametrize("act", ["retry", "delete"])
@pytest.mark.parametrize("marked", [True, False])
def test_on_many(
    client: TestClient, sign_in: SignIn, queue: JobBroker, failed: list[str], act: str, marked: bool
) -> None:
    """It was done once, and that is said; whoever else asks for it is told that no job fits."""
    form = {
        CSRF: sign_in(Role.OPERATOR),
        "act": act,
        "q": "state:failed",
        "reason": "it is back",
        "confirm": "3",
    }
    sent = form | ({"id": failed} if marked else {})
    words = {"retry": "3 jobs retried", "delete": "3 jobs deleted"}[act]
    assert f"{words}. The audit log has it." in client.post("/ui/jobs/act", data=sent).text

    second = client.post("/ui/jobs/act", data=sent)

    assert (200, True) == (second.status_code, f"{words} when this was sent first." in second.text)
    assert [3] == [entry.count for entry in steering.audit_log(queue)]
    other = client.post("/ui/jobs/act", data={**sent, "reason": "another"})
    assert (404, True) == (other.status_code, "No job fits" in other.text)


def test_on_one(client: TestClient, sign_in: SignIn, queue: JobBroker, failed: list[str]) -> None:
    """The same on the page of a job; what somebody else did is told as such."""
    csrf = sign_in(Role.OPERATOR)
    path = f"/ui/jobs/{failed[0]}/retry"
    assert "1 job retried." in client.post(path, data={CSRF: csrf}, headers={"Referer": path}).text
    second = client.post(path, data={CSRF: csrf})
    assert (200, True) == (second.status_code, "1 job retried when this was sent first." in second.text)

    steering.retry(queue, JobFilter(ids=(failed[1],)), by="Ada")
    stale = client.post(f"/ui/jobs/{failed[1]}/retry", data={CSRF: csrf})
    assert (409, True) == (stale.status_code, "The job is waiting" in html.unescape(stale.text))


def test_later_it_is_another_wish(
    client: TestClient, sign_in: SignIn, failed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever asks for the same minutes later is told what there is to do by then."""
    form = {CSRF: sign_in(Role.OPERATOR), "act": "delete", "q": "state:failed", "confirm": "3"}
    client.post("/ui/jobs/act", data=form)
    monkeypatch.setattr(again, "JUST", timedelta())
    assert 404 == client.post("/ui/jobs/act", data=form).status_code
