"""The page of the audit log."""

from __future__ import annotations

import html
import re

import pytest
import redis
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from osmod.access.roles import Role
from osmod.jobs.broker import JobBroker
from osmod.jobs.steering import note
from osmod.moderation.desk import rule_book
from osmod.moderation.desk.rule_book import Draft
from osmod.web.pages import audit
from tests.moderation.world import World
from tests.pages.conftest import SignIn

pytestmark = [pytest.mark.only_on("sqlite"), pytest.mark.only_on("valkey")]


def test_who_did_what(
    client: TestClient, sign_in: SignIn, queue: JobBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Newest first, in pages, of a queue or all; texts stay texts."""
    monkeypatch.setattr(audit, "ACTS", 2)
    for number in range(3):
        note(
            queue, "retry", f"id=job-{number}", queue="default", by="<b>Ada</b>", reason="<i>why</i>", count=7
        )
    sign_in(Role.VIEWER)

    first = client.get("/ui/audit").text
    following = re.search(r'href="([^"]+cursor=[^"]+)">Next page', first)
    assert following
    second = client.get(html.unescape(following[1])).text

    assert "&lt;b&gt;Ada&lt;/b&gt;" in first
    assert "&lt;i&gt;why&lt;/i&gt;" in first
    assert {"job-0", "job-1", "job-2"} == {*re.findall(r"id=(job-\d)", first + second)}
    assert 2 == len(re.findall(r"id=job-\d", first))
    assert "First page" in second


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("queue=defalt", "No queue is called 'defalt'; did you mean 'default'?"),
        ("until=soon", "until: 'soon' is neither a moment"),
        ("cursor=x", "This is the first page: cursor 'x' is none"),
        ("until=2h", "Nothing was done that fits."),
    ],
)
def test_what_is_wrong_is_named(
    client: TestClient, sign_in: SignIn, queue: JobBroker, query: str, said: str
) -> None:
    """And the rest is shown."""
    queue.declare_queue("default")
    sign_in(Role.VIEWER)
    assert said in html.unescape(client.get(f"/ui/audit?{query}").text)


def test_changes_of_rules(
    client: TestClient, sign_in: SignIn, queue: JobBroker, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who made which, when, from what to what, in pages; they stand though Redis is away, and fit no queue."""
    monkeypatch.setattr(audit, "CHANGES", 2)
    world = World(engine)
    tag = world.tag("TOXICITY")
    ann, (first, second) = (
        world.user(name="<b>Ann</b>"),
        (Draft(tag, low, 1.0, "Reject") for low in (0.8, 0.9)),
    )
    rule = world.do(lambda work: rule_book.save(work, first, ann)).value
    world.do(lambda work: rule_book.save(work, second, ann, rule))
    world.do(lambda work: rule_book.delete(work, rule or 0, ann))
    sign_in(Role.VIEWER)

    def away(*_given: object, **_more: object) -> None:
        raise redis.ConnectionError

    monkeypatch.setattr(audit, "audit_page", away)
    page = client.get("/ui/audit").text
    assert "comes back by itself" in page
    was, now = (f"Reject where TOXICITY is {low} to 1" for low in (0.8, 0.9))
    rows = [re.split(r"(?:<[^>]+>)+", row)[3:6] for row in re.findall(r"<tr><td>.*?</tr>", page)]
    assert [[f"deleted rule {rule}", now, "none"], [f"changed rule {rule}", was, now]] == rows
    assert "&lt;b&gt;Ann" in page
    older = re.search(r'href="([^"]+change=[^"]+)">Older changes', page)
    assert older
    following = client.get(html.unescape(older[1])).text
    assert f"made rule {rule}" in following
    assert "Newest changes" in following
    assert "Changes of rules" not in client.get("/ui/audit?queue=default").text
    assert "None that fits." in client.get("/ui/audit?until=2h").text
