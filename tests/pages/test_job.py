"""The page of one job: where it stands, what happened, what belongs to it, and what can be done to it."""

from __future__ import annotations

import html
import re

import pytest
from fastapi.testclient import TestClient

from osmod.access.roles import Role
from osmod.jobs import steering
from osmod.jobs.broker import JobBroker
from osmod.jobs.queue.scripts import EXCHANGE
from osmod.jobs.records.filters import JobFilter
from osmod.jobs.records.reading import get_job
from osmod.jobs.states import JobState
from osmod.web.pages.frame.session import CSRF
from tests.jobs.records.taking import end
from tests.pages.conftest import SignIn

pytestmark = [pytest.mark.only_on("sqlite"), pytest.mark.only_on("valkey")]


@pytest.fixture
def failed(queue: JobBroker) -> str:
    """A job that failed, was retried by hand, and failed again."""
    sent = queue.get_actor("acceptComments").send(comment_id=12, user_id=None).message_id
    end(queue, 1, ValueError("<i>no</i>"))
    steering.retry(queue, JobFilter(ids=(sent,)), by="Ada")
    end(queue, 1, TimeoutError("no answer"))
    return str(sent)


def page_of(client: TestClient, job_id: str) -> str:
    answer = client.get(f"/ui/jobs/{job_id}")
    assert 200 == answer.status_code, answer.text
    return answer.text


def test_all_that_is_known(client: TestClient, sign_in: SignIn, queue: JobBroker, failed: str) -> None:
    """Where it stands in words, its runs, its arguments, other jobs of its comment; texts stay texts."""
    other = queue.get_actor("rejectComments").send(comment_id=12, user_id=None).message_id
    queue.get_actor("acceptComments").send(comment_id=13, user_id=None)
    sign_in(Role.ADMIN)
    assert 'href="/ui/moderate?comment=12"' in page_of(client, failed)
    sign_in(Role.VIEWER)

    page = page_of(client, failed[:8])

    assert "is not tried again unless somebody has it retried" in page
    assert "Ada had it run again" in page
    assert "ValueError: &lt;i&gt;no&lt;/i&gt;" in page
    assert "TimeoutError: no answer" in page
    assert f"/ui/jobs/{other}" in page
    assert re.search(r"<dt>comment_id</dt><dd[^>]*>12</dd>", page)
    assert "No job: server code, a schedule or a person." in page
    assert f"/ui/jobs/{failed}/retry" not in page, "a viewer cannot act"
    assert "/ui/moderate?comment" not in page, "nor moderate"


def test_what_sent_it_and_what_it_sent(client: TestClient, sign_in: SignIn, queue: JobBroker) -> None:
    """Each page leads to the other; a parent that is gone is told of."""
    parent = queue.get_actor("acceptComments").send(comment_id=1, user_id=None).message_id
    base = queue.key_base("default")
    EXCHANGE.run(queue.links, base, [*queue.custody.terms, b"host:12:a:1", b"1"])
    message = queue.get_actor("rejectComments").message(comment_id=2, user_id=None)
    child = queue.enqueue(message.copy(options={"parent": parent})).message_id
    orphan = queue.enqueue(message.copy(message_id="orphan", options={"parent": "gone-for-long"})).message_id
    sign_in(Role.VIEWER)

    assert f'href="/ui/jobs/{child}"' in page_of(client, parent)
    assert f'href="/ui/jobs/{parent}"' in page_of(client, child)
    assert "A job that has no record any more" in page_of(client, orphan)


def test_an_act(client: TestClient, sign_in: SignIn, queue: JobBroker, failed: str) -> None:
    """Is done to a job in a state for it; a page that is stale is told so, and nothing is changed."""
    csrf = sign_in(Role.OPERATOR)
    page = page_of(client, failed)
    assert f'action="/ui/jobs/{failed}/retry"' in page
    assert f"act=delete&amp;id={failed}" in page, "what cannot be undone is asked first"
    assert "/promote" not in page

    done = client.post(
        f"/ui/jobs/{failed}/retry", data={CSRF: csrf}, headers={"Referer": f"/ui/jobs/{failed}"}
    )
    assert "1 job retried." in done.text

    stale = client.post(f"/ui/jobs/{failed}/promote", data={CSRF: csrf})
    said = "The job is waiting; one can promote jobs that are delayed."
    assert (409, True) == (stale.status_code, said in html.unescape(stale.text))
    prioritised = client.post(f"/ui/jobs/{failed}/prioritise", data={CSRF: csrf, "to": "high"})
    assert prioritised.status_code == 200
    job = get_job(queue, failed)
    assert job
    assert (JobState.WAITING, -10) == (job.state, job.priority)


def test_a_job_that_is_gone(client: TestClient, sign_in: SignIn, queue: JobBroker, failed: str) -> None:
    """The page says what may have happened; acts on it do nothing."""
    csrf = sign_in(Role.OPERATOR)
    steering.delete(queue, JobFilter(ids=(failed,)))

    for path in (f"/ui/jobs/{failed}", "/ui/jobs/%3Cb%3E", "/ui/jobs/nobody-knows"):
        gone = client.get(path)
        assert (404, True) == (gone.status_code, "WORKER_REMOVE_TASK_ON_COMPLETE" in gone.text)
        assert "job <b>" not in gone.text
    assert 404 == client.post(f"/ui/jobs/{failed}/retry", data={CSRF: csrf}).status_code
    assert 422 == client.post(f"/ui/jobs/{failed}/explode", data={CSRF: csrf}).status_code
