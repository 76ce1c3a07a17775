"""Recent decisions: by whom or by which rule, and why."""

from __future__ import annotations

import html
import re

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from osmod.access.roles import Role
from osmod.moderation.models import CommentSummaryScore, Decision
from tests.moderation.world import World
from tests.pages.conftest import SignIn
from tests.web.conftest import USERS

pytestmark = pytest.mark.only_on("sqlite")


@pytest.fixture
def world(engine: Engine, immediate: None) -> World:
    """What was decided on."""
    return World(engine)


def test_who_and_why(client: TestClient, sign_in: SignIn, world: World) -> None:
    """The newest first, with scores, in pages; a text is text, and cut."""
    sign_in(Role.MODERATOR)
    assert "Nothing has been decided yet." in client.get("/ui/decisions").text
    tag = world.tag("TOXICITY")
    rule = world.rule(tag, 0.9, 1, "Reject")
    comment = world.comment(world.article(title="News"), text="<b>" + "x" * 300)
    world.add(CommentSummaryScore(comment_id=comment, tag_id=tag, score=0.95))
    world.bulk(
        Decision,
        [{"comment_id": comment, "status": "Reject", "source": "Rule", "moderation_rule_id": rule}] * 51,
    )
    world.add(Decision(comment_id=comment, status="Accept", source="User", user_id=USERS["general"]))

    page = client.get("/ui/decisions?status=").text
    assert '<td>Accept</td>\n<td data-label="by">general</td>' in page
    assert "Reject where TOXICITY is 0.9 to 1; it was 0.950" in page
    assert "&lt;b&gt;xxx" in page
    assert "x" * 201 not in page
    assert 'href="/ui/decisions?before=3"' in page
    older = client.get("/ui/decisions?before=3").text
    assert (2, True) == (older.count("Reject where"), "Newest</a>" in older)
    by_people = client.get("/ui/decisions", params={"source": "User"}).text
    assert "Reject where" not in by_people
    assert "No decision fits." in client.get("/ui/decisions?rule=77").text


def test_decisions_that_are_rare(
    client: TestClient, sign_in: SignIn, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Are looked for among some at a time where no index leads to them; that is said, and a link looks further."""
    monkeypatch.setattr("osmod.moderation.desk.recent.WINDOW", 10)
    sign_in(Role.MODERATOR)
    comment = world.comment(world.article())
    world.add(Decision(comment_id=comment, status="Defer", source="Rule"))
    world.bulk(Decision, [{"comment_id": comment, "status": "Accept", "source": "Rule"}] * 24)
    address, looks = "/ui/decisions?status=Defer", 0
    while "<td>Defer" not in (page := client.get(address).text):
        assert "None of the 10 decisions that were looked at fits." in page
        further = re.search(r'href="([^"]+)" rel="next">Look further back<', page)
        assert further
        address, looks = html.unescape(further[1]), looks + 1
    assert (2, False) == (looks, "Look further back" in page)
    assert "No decision fits." in client.get("/ui/decisions?status=Reject&before=3").text
    page = client.get("/ui/decisions?status=Accept&before=999").text
    assert "Looked at 10 decisions and stopped: older ones may fit." in page


def test_wrong_filters(client: TestClient, sign_in: SignIn, world: World) -> None:
    """Are named, and the rest is shown."""
    sign_in(Role.MODERATOR)
    page = client.get("/ui/decisions?status=Burn&user=x&before=y").text
    for said in (
        "status=&#39;Burn&#39;: there are Accept, Reject, Defer; all are shown.",
        "user=&#39;x&#39; is no id; all are shown.",
        "That is no place in the list; it begins with the newest.",
    ):
        assert said in page
