"""Comments chosen in bulk: which fit, and that pages find each of them once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from osmod.moderation import choice
from osmod.moderation.choice import Choice, Extent, Page
from osmod.moderation.database import open_session
from osmod.moderation.models import Unscored, now
from tests.moderation.world import World


def found(world: World, wanted: Choice, after: int = 0) -> list[int]:
    """The ids that fit, in pages as long as the window, which must be as many as were counted."""
    with open_session(world.engine) as session:
        extent = choice.measure(session, wanted, after)
        ids: list[int] = []
        end = extent.first - 1
        while end < extent.last:
            page = choice.page(session, wanted, end, extent.last)
            assert page.end > end
            ids += page.ids
            end = page.end
    assert extent.count == len(ids)
    return ids


def test_all_conditions_must_be_true(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Article, category, when it came, scored or not, decided or not; whatever the window."""
    monkeypatch.setattr(choice, "WINDOW", 2)
    politics, sports = world.category(), world.category()
    first, second, other = world.article(politics), world.article(politics), world.article(sports)
    old = world.comment(first, created_at=now() - timedelta(days=2))
    new = world.comment(second)
    scored = world.comment(first, is_scored=True)
    decided = world.comment(first, is_scored=True, is_moderated=True, is_accepted=True)
    elsewhere = world.comment(other)
    nowhere = world.comment(None)

    assert [old, new, elsewhere, nowhere] == found(world, Choice())
    assert [old, new, scored, elsewhere, nowhere] == found(world, Choice(scored=True))
    assert [old, scored, decided] == found(world, Choice(article_id=first, scored=True, decided=True))
    assert [old, new] == found(world, Choice(category_id=politics))
    assert [new] == found(world, Choice(category_id=politics, since=now() - timedelta(days=1)))
    assert [] == found(world, Choice(article_id=other, category_id=politics))
    assert [elsewhere, nowhere] == found(world, Choice(), after=new)


def test_what_was_given_up_is_not_decided(world: World) -> None:
    """It was deferred because a scorer stayed away, so it is meant; unless a person has decided since."""
    article = world.article()
    deferred = {"is_moderated": True, "is_deferred": True, "is_accepted": None}
    given_up = world.comment(article, **deferred)
    accepted = world.comment(article, is_moderated=True, is_accepted=True)
    for comment in (given_up, accepted):
        about = {"comment_id": comment, "scorer_id": world.scorer(), "reason": "away"}
        world.add(Unscored(**about, since=now(), times=0, again_at=now()))
    by_a_person = world.comment(article, **deferred)
    assert [given_up] == found(world, Choice())
    assert [given_up, accepted, by_a_person] == found(world, Choice(decided=True))


def test_none_fits(world: World) -> None:
    """Nothing is counted, and a page of it is empty and the last."""
    world.comment(world.article(), is_scored=True)
    with open_session(world.engine) as session:
        assert Extent(0, 0, 0) == choice.measure(session, Choice())
        assert Page((), 7) == choice.page(session, Choice(), 3, 7)
