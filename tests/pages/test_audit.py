"""The page of the audit log."""

from __future__ import annotations

import html
import re

import pytest
from fastapi.testclient import TestClient

from osmod.access.roles import Role
from osmod.jobs.broker import JobBroker
from osmod.jobs.steering import note
from osmod.web.pages import audit
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
