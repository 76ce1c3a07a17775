"""The page of jobs, and acts on many of them."""

from __future__ import annotations

import html
import re
from urllib.parse import quote

import dramatiq
import pytest
import redis
from fastapi.testclient import TestClient

from osmod.access.roles import Role
from osmod.jobs.broker import JobBroker
from osmod.jobs.records.filters import JobFilter
from osmod.jobs.records.find import count
from osmod.jobs.states import JobState
from osmod.jobs.steering import audit_log
from osmod.web.pages.frame.session import CSRF
from tests.jobs.records.taking import end
from tests.pages.conftest import SignIn

pytestmark = [pytest.mark.only_on("sqlite"), pytest.mark.only_on("valkey")]


@pytest.fixture
def failed(queue: JobBroker) -> list[str]:
    """Three jobs that failed, by two errors."""
    actor = queue.get_actor("acceptComments")
    for number in (1, 2, 3):
        actor.send_with_options(kwargs={"comment_id": number, "user_id": None}, priority=number)
    ids = end(queue, 2, TimeoutError('no <b>answer</b> from "there"'))
    return [*ids, *end(queue, 1, ValueError("no"))]


def text_of(client: TestClient, path: str) -> str:
    answer = client.get(path)
    assert 200 == answer.status_code, answer.text
    return html.unescape(answer.text)


def test_what_there_is(client: TestClient, sign_in: SignIn, failed: list[str]) -> None:
    """Counts by state, queue and actor, failures gathered, and rows; texts stay texts."""
    sign_in(Role.OPERATOR)
    page = client.get("/ui/jobs").text

    assert "no &lt;b&gt;answer&lt;/b&gt;" in page
    assert "<b>answer</b>" not in page
    assert 'class="key failed">failed</span><span class="count">3</span>' in page
    assert all(f'name="id" value="{one}"' in page for one in failed)
    assert "<b>acceptComments</b> × TimeoutError" in page
    assert "/ui/jobs?q=state%3Afailed+actor%3AacceptComments+queue%3Adefault+error%3ATimeoutError" in page


@pytest.mark.parametrize(
    ("line", "ids", "said"),
    [
        ("error:TimeoutError", (0, 1), ""),
        ("comment_id:3", (2,), ""),
        ('"</B> FROM"', (0, 1), ""),
        ("error:TimeoutEror", (), "No error is called 'TimeoutEror'; did you mean 'TimeoutError'?"),
        ("eror:X comment_id:3", (2,), "Nothing is known by 'eror'; did you mean 'error'?"),
        ("state:done", (), "No job fits."),
        ("id:zzz", (), "'zzz' is too short for the beginning of an id: write 6 characters."),
    ],
)
def test_a_search(
    client: TestClient, sign_in: SignIn, failed: list[str], line: str, ids: tuple[int, ...], said: str
) -> None:
    """The line is the filter, and stands in the address; what is wrong with it is named, the rest is shown."""
    sign_in(Role.OPERATOR)
    page = text_of(client, f"/ui/jobs?q={quote(line)}")

    assert {failed[at] for at in ids} == {*re.findall(r'name="id" value="([^"]+)"', page)}
    assert said in page


def test_pages_go_on(
    client: TestClient, sign_in: SignIn, queue: JobBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From a page to the next and back to the first; one that leads nowhere is the first, and says so."""
    monkeypatch.setattr("osmod.web.pages.jobs.JOBS", 2)
    sent = {
        queue.get_actor("acceptComments").send(comment_id=one, user_id=None).message_id for one in range(3)
    }
    sign_in(Role.VIEWER)

    first = text_of(client, "/ui/jobs")
    following = re.search(r'href="([^"]+cursor=[^"]+)">Next page', first)
    assert following
    second = text_of(client, following[1])
    shown = [{*re.findall(r'href="/ui/jobs/([0-9a-f-]{36})"><b>', page)} for page in (first, second)]
    assert (sent, 2, 1) == (shown[0] | shown[1], len(shown[0]), len(shown[1]))
    assert "First page" in second
    assert "This is the first page: cursor 'x' is none" in text_of(client, "/ui/jobs?cursor=x")
    assert 'name="act"' not in first, "a viewer cannot act"


def test_an_act_on_all_that_fit(
    client: TestClient, sign_in: SignIn, queue: JobBroker, failed: list[str]
) -> None:
    """Says how many and asks; is done to just so many, is written down, and is seen on the page."""
    csrf = sign_in(Role.OPERATOR)
    asked = text_of(client, "/ui/jobs/act?act=retry&q=error:TimeoutError")
    assert "2 jobs would be retried." in asked
    assert "Retry 2 jobs</button>" in asked

    form = {CSRF: csrf, "act": "retry", "q": "error:TimeoutError", "reason": "it is back"}
    stale = client.post("/ui/jobs/act", data={**form, "confirm": "5"})
    assert (409, True) == (stale.status_code, "by now there are 2 such jobs" in stale.text)
    assert 3 == count(queue, JobFilter(states=(JobState.FAILED,)))

    done = client.post("/ui/jobs/act", data={**form, "confirm": "2"})

    assert "2 jobs retried. The audit log has it." in done.text
    assert "it is back" in done.text, "the row of the audit log is shown"
    assert 1 == count(queue, JobFilter(states=(JobState.FAILED,)))
    (entry,) = audit_log(queue)
    assert ("retry", 2, "it is back", "service (user 4)") == (entry.act, entry.count, entry.reason, entry.who)


def test_an_act_on_those_that_are_marked(
    client: TestClient, sign_in: SignIn, queue: JobBroker, failed: list[str]
) -> None:
    """Only on them, whatever else fits the line."""
    csrf = sign_in(Role.OPERATOR)
    marked = {"act": "delete", "q": "state:failed", "id": failed[:2]}
    assert "2 jobs would be deleted." in client.get("/ui/jobs/act", params=marked).text

    done = client.post("/ui/jobs/act", data={CSRF: csrf, **marked, "confirm": "2"})

    assert "2 jobs deleted." in done.text
    assert 1 == count(queue, JobFilter(states=(JobState.FAILED,)))


@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ("act=delete&q=eror:X", 422, "not all of the search makes sense. Nothing is known by 'eror'"),
        (
            "act=explode",
            422,
            "There is no act 'explode'; there are retry, promote, prioritise, cancel, delete.",
        ),
        ("act=promote", 200, "No job fits that one can promote (delayed)."),
        ("act=retry&q=actor:acceptComment", 200, "did you mean 'acceptComments'?"),
    ],
)
def test_an_act_that_makes_no_sense(
    client: TestClient,
    sign_in: SignIn,
    queue: JobBroker,
    failed: list[str],
    query: str,
    status: int,
    said: str,
) -> None:
    """Is not offered, least of all where a misspelt condition would mean more jobs; nothing is changed."""
    csrf = sign_in(Role.OPERATOR)
    answer = client.get(f"/ui/jobs/act?{query}")
    assert (status, True) == (answer.status_code, said in html.unescape(answer.text))

    fields = dict(part.split("=", 1) for part in query.split("&"))
    refused = client.post("/ui/jobs/act", data={CSRF: csrf, **fields, "confirm": "3"})
    assert refused.status_code in (404, 422)
    assert 3 == count(queue, JobFilter(states=(JobState.FAILED,)))


def test_a_priority_that_is_none(client: TestClient, sign_in: SignIn, queue: JobBroker) -> None:
    """Is named; a good one is given."""
    queue.get_actor("acceptComments").send(comment_id=1, user_id=None)
    csrf = sign_in(Role.OPERATOR)
    form = {CSRF: csrf, "act": "prioritise", "confirm": "1"}
    wrong = client.post("/ui/jobs/act", data={**form, "to": "urgent"})
    assert (422, True) == (wrong.status_code, "priority='urgent'" in html.unescape(wrong.text))
    assert "1 job prioritised" in client.post("/ui/jobs/act", data={**form, "to": "high"}).text


def test_suggestions(client: TestClient, sign_in: SignIn, queue: JobBroker) -> None:
    """Lines that go on from what was typed, as choices for the box."""
    sign_in(Role.VIEWER)
    assert (
        '<option value="queue:default state:failed">'
        in client.get("/ui/jobs/suggest", params={"q": "queue:default state:fai"}).text
    )


def test_redis_away(
    client: TestClient, sign_in: SignIn, queue: JobBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The box to search stands, and what cannot be had says that it comes back."""
    sign_in(Role.VIEWER)

    def away(*_: object, **__: object) -> None:
        raise redis.ConnectionError

    for name in ("find", "facets", "failure_groups", "audit_log"):
        monkeypatch.setattr(f"osmod.web.pages.jobs.{name}", away)
    page = text_of(client, "/ui/jobs?q=state:failed")
    assert 'value="state:failed"' in page
    assert 4 == page.count("comes back by itself")


def test_nothing_there_yet(client: TestClient, sign_in: SignIn, queue: JobBroker) -> None:
    """Says how jobs come to be."""
    assert isinstance(dramatiq.get_broker(), JobBroker)
    sign_in(Role.VIEWER)
    assert "Server code queues them" in text_of(client, "/ui/jobs")


def test_half_a_character(client: TestClient, sign_in: SignIn, queue: JobBroker) -> None:
    """In an argument or an error, as a text that was cut has, keeps nobody from the page; nor does what looks like
    HTML."""
    odd = "<script>\u202e\ud83d"
    queue.get_actor("acceptComments").send(comment_id=odd, user_id=None)
    (job,) = end(queue, 1, ValueError(odd))
    sign_in(Role.OPERATOR)
    for path in ("/ui/jobs", f"/ui/jobs/{job}"):
        page = client.get(path)
        assert 200 == page.status_code
        assert "&lt;script&gt;\u202e\N{REPLACEMENT CHARACTER}" in page.text
        assert "Something went wrong" not in page.text


def test_an_act_on_marked_ones_of_which_there_are_none(
    client: TestClient, sign_in: SignIn, failed: list[str]
) -> None:
    """Is not one on all."""
    sign_in(Role.OPERATOR)
    assert '<input type="hidden" name="marked" value="yes">' in client.get("/ui/jobs").text
    answer = client.get("/ui/jobs/act?act=delete&q=&marked=yes")
    assert (422, True) == (answer.status_code, "No job is marked" in answer.text)
