"""The article beside a comment."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from osmod.access.roles import Role
from tests.moderation.world import World
from tests.pages.conftest import SignIn, waiting


def test_the_article_is_beside_it(client: TestClient, sign_in: SignIn, world: World) -> None:
    """Its text as text, the beginning of a long one, and a way to where it is published."""
    text, url = "<p>It happened &amp; ended.</p>" + "x" * 5_000, "https://news.example/1?a=b&c"
    comment = waiting(world, world.article(text=text, url=url), 0.5)
    sign_in(Role.MODERATOR)
    page = client.get(f"/ui/moderate?comment={comment}").text
    assert "It happened &amp; ended." in page
    assert "x" * 1_900 in page
    assert "x" * 2_001 not in page
    assert '<a href="https://news.example/1?a=b&amp;c" rel="noopener noreferrer">' in page


@pytest.mark.parametrize("url", ["javascript:alert(1)", "", "data:text/html,x", "http://[x"])
def test_an_address_that_is_none(client: TestClient, sign_in: SignIn, world: World, url: str) -> None:
    """Is not led to: publishers say what it is."""
    comment = waiting(world, world.article(url=url, text=""), 0.5)
    sign_in(Role.MODERATOR)
    page = client.get(f"/ui/moderate?comment={comment}").text
    assert "The article" not in page
    assert "alert(1)" not in page
