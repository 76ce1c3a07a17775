"""What waits, by category: what a moderator begins with."""

from __future__ import annotations

import re

import pytest
from fastapi.testclient import TestClient

from osmod.access.roles import Role
from osmod.moderation.desk import queues, standing
from osmod.web.pages.frame.fragments import RENDERINGS
from tests.moderation.world import World
from tests.pages.conftest import Press, SignIn, waiting


def test_articles_without_a_category(client: TestClient, press: Press, world: World) -> None:
    """Have a line where something waits there, and can be begun with like a category."""
    waiting(world, world.article(world.category()), 0.9)
    assert "Without a category" not in client.get("/ui/moderate").text
    loose = waiting(world, world.article(), 0.5)
    RENDERINGS.forget()

    page = client.get("/ui/moderate").text
    line = re.search(r"<tr><th[^>]*>Without a category</th>.*?</tr>", page, re.S)
    assert line
    assert ["1", "0", "0"] == re.findall(r'data-label="\w+">(\d+)</td>', line[0])
    assert 'name="query" value="category=none"' in line[0]

    then = press("/ui/moderate", "/ui/moderate/next", query="category=none")
    assert f"?category=none&comment={loose}" in str(then.url)
    assert '<option value="none" selected>' in then.text
    assert "all are shown" not in then.text


def test_more_articles_without_a_category_than_are_added_up(
    client: TestClient, sign_in: SignIn, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No number is said to be all then."""
    monkeypatch.setattr(standing, "ADDED_UP", 1)
    for score in (0.2, 0.4, 0.6):
        waiting(world, world.article(), score)
    sign_in(Role.MODERATOR)
    page = client.get("/ui/moderate").text
    assert "3 comments" in page
    assert "of the newest" not in page
    assert "of 3 in the queue" in client.get("/ui/moderate?lower=0.3").text

    monkeypatch.setattr(queues, "FEW", 1)
    RENDERINGS.forget()
    page = client.get("/ui/moderate").text
    assert "At least 2 comments" in page
    assert "at least 2 wait; the bars are of the newest 1." in page
    assert '2<span title="At least so many: of articles without a category' in page
    assert "of at least 2 in the queue" in client.get("/ui/moderate?lower=0.3").text
