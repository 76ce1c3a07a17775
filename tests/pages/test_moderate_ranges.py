"""An act on a whole range is done to what was chosen and read, and to nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from osmod.moderation.database import open_session
from osmod.moderation.desk import queues
from osmod.moderation.desk import waiting as desk_waiting
from osmod.moderation.models import Comment
from osmod.task import commit
from osmod.web.pages.frame.fragments import RENDERINGS
from osmod.web.pages.frame.session import CSRF, csrf_of
from tests.moderation.world import World
from tests.pages.conftest import Press, waiting

pytestmark = [pytest.mark.only_on("sqlite"), pytest.mark.only_on("valkey")]


def test_a_range_that_is_not_there_any_more(client: TestClient, press: Press, world: World) -> None:
    """As where its category was deleted: all others would be meant in its place."""
    comment = waiting(world, world.article(world.category()), 0.5)
    proof = {CSRF: csrf_of(client.cookies["osmod"]), "form": "one"}
    fields = {**proof, "act": "reject", "count": "1", "query": "category=77"}

    said = client.post("/ui/moderate/batch", data=fields).text

    assert "Nothing was done: There is no category 77 any more" in said
    assert world.get(Comment, comment).is_accepted is None


def test_a_range_of_which_not_all_are_looked_at(
    client: TestClient, press: Press, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Is not said to be all: an act on it leaves some, which are to be acted on anew."""
    article = world.article(world.category())
    for score in (0.5, 0.6, 0.7):
        waiting(world, article, score)

    with monkeypatch.context() as patches:
        patches.setattr(queues, "FEW", 2)
        patches.setattr(queues, "ROWS", 2)
        patches.setattr(desk_waiting, "WALKS", (1, 2))
        page = client.get("/ui/moderate?lower=0.4&batch=reject").text

    assert "Reject 2 comments?" in page
    assert "More may be chosen, as more wait than can be looked at: these are done first." in page
    assert "That is all that is chosen" not in page
    RENDERINGS.forget()
    assert "That is all that is chosen" in client.get("/ui/moderate?lower=0.4&batch=reject").text


def test_on_from_a_range_that_is_not_there_any_more(client: TestClient, press: Press, world: World) -> None:
    """It is said that the next comment is one of all."""
    comment = waiting(world, world.article(world.category()), 0.5)

    then = press("/ui/moderate", "/ui/moderate/next", query="category=77").text

    assert "There is no category 77 any more; all are shown." in then
    assert f"Comment {comment}<" in then


def test_a_range_of_which_one_is_decided_at_the_same_moment(
    press: Press, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Is left alone, and said: another moderator or a rule was first."""
    article = world.article()
    free, decided = waiting(world, article, 0.9), waiting(world, article, 0.8)

    def and_then(*given: Any) -> Any:
        with open_session(world.engine) as session:
            row = session.get_one(Comment, decided)
            row.is_accepted = row.is_moderated = True
            session.commit()
        return commit(*given)

    monkeypatch.setattr("osmod.web.pages.moderate_acts.commit", and_then)
    said = press("/ui/moderate?lower=0.4&batch=reject", "reject").text

    assert "Rejected 1 comment, and left alone 1 that others are at or have decided on." in said
    assert [False, True] == [world.get(Comment, one).is_accepted for one in (free, decided)]
