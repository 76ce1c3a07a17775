"""Rules: seen before they are saved, refused by name, and on record."""

from __future__ import annotations

import re

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from osmod.access.roles import Role
from osmod.moderation.models import CommentSummaryScore, ModerationRule, RuleChange
from osmod.web.pages.frame.fragments import RENDERINGS
from osmod.web.pages.frame.session import CSRF
from tests.moderation.world import World
from tests.pages.conftest import SignIn
from tests.web.conftest import USERS

pytestmark = pytest.mark.only_on("sqlite")


@pytest.fixture
def world(engine: Engine, immediate: None) -> World:
    """What the rules are about: one comment, which scores 0.85."""
    world = World(engine)
    tag = world.tag("TOXICITY")
    comment = world.comment(world.article(world.category()), is_scored=True)
    world.add(CommentSummaryScore(comment_id=comment, tag_id=tag, score=0.85))
    return world


def hidden(page: str) -> dict[str, str]:
    """What the form that saves carries."""
    form = re.search(r'<form method="post" action="/ui/rules/save".*?</form>', page, re.S)
    assert form, "there is nothing to be saved"
    return dict(re.findall(r'name="(\w+)" value="([^"]*)"', form[0]))


def test_a_rule_is_seen_before_it_is_saved(client: TestClient, sign_in: SignIn, world: World) -> None:
    """What it would have decided, on which comments; then made, changed and deleted, each on record."""
    csrf = sign_in(Role.MODERATOR)
    assert "There are no rules: a person decides on every comment." in client.get("/ui/rules").text
    made = {"action": "Reject", "tag": "1", "lower": "0.8", "upper": "1", "category": ""}

    page = client.get("/ui/rules", params=made).text
    assert "<b>1</b> would get another verdict." in page
    assert re.search(r"<td>left to moderators</td><td data-label=\"to\">rejected</td>", page)
    assert 0 == world.size(ModerationRule)
    saved = client.post("/ui/rules/save", data=hidden(page) | {CSRF: csrf})
    assert "Rule 1 is made; it acts on what is scored from now on." in saved.text
    twice = client.post("/ui/rules/save", data=hidden(page) | {CSRF: csrf})
    assert "Rule 1 says just that already, so nothing was changed." in twice.text

    page = client.get("/ui/rules", params={**made, "rule": "1", "lower": "0.9"}).text
    assert re.search(r"<td>rejected</td><td data-label=\"to\">left to moderators</td>", page)
    stale = hidden(page)
    client.post("/ui/rules/save", data=stale | {CSRF: csrf})
    again = client.post("/ui/rules/save", data=stale | {CSRF: csrf, "upper": "0.95"})
    assert "Rule 1 is another than you saw" in again.text
    assert 0.9 == world.get(ModerationRule, 1).lower_threshold

    RENDERINGS.forget()
    page = client.get("/ui/rules?rule=1&do=delete").text
    assert "changed from: Reject where TOXICITY is 0.8 to 1; to: Reject where TOXICITY is 0.9" in page
    gone = client.post("/ui/rules/save", data=hidden(page) | {CSRF: csrf})
    assert "Rule 1 is deleted. What it decided stays." in gone.text
    assert [USERS["general"]] * 3 == [row.user_id for row in world.all(RuleChange)]
    assert "There is no rule 1 any more: somebody deleted it." in client.get("/ui/rules?rule=1").text


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"lower": "2"}, "from: a score is a number from 0 to 1 (it is 2)."),
        ({"lower": "high"}, "from: a score is a number from 0 to 1 (it is &#39;high&#39;)."),
        ({"lower": "0.9", "upper": "0.1"}, "from: 0.9 lies above 0.1"),
        ({"tag": ""}, "attribute: choose one from the list."),
        ({"action": "Burn"}, "action: there are Accept, Reject, Defer, Highlight"),
        ({"category": "77"}, "category: there is none with the id 77"),
    ],
)
def test_what_cannot_be(
    client: TestClient, sign_in: SignIn, world: World, change: dict[str, str], said: str
) -> None:
    """Is said where it was typed, before anything could be saved; and refused if it is sent all the same."""
    csrf = sign_in(Role.MODERATOR)
    rule = {"action": "Reject", "tag": "1", "lower": "0.8", "upper": "1", "category": ""} | change
    page = client.get("/ui/rules", params=rule).text
    assert said in page
    assert "/ui/rules/save" not in page
    client.post("/ui/rules/save", data=rule | {CSRF: csrf})
    assert 0 == world.size(ModerationRule)
