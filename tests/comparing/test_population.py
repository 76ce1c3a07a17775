"""Which comments are compared, and which of them are drawn."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Executable, update

from osmod.comparing import population
from osmod.comparing.population import Chosen, Kind, Wanted, choose, shares
from osmod.moderation.database import open_session
from osmod.moderation.models import Article, Comment, CommentScore, Decision
from tests.comparing.scene import Site, build
from tests.moderation.world import World


def drawn(site: Site, sample: int = 1000, seed: int = 1, **wanted: Any) -> Chosen:
    """The sample of a site."""
    return choose(site.world.engine, Wanted(site.old, sample, seed, **wanted))


def change(world: World, statement: Executable) -> None:
    """Change rows."""
    with open_session(world.engine) as session:
        session.execute(statement)
        session.commit()


def test_kinds(world: World) -> None:
    """A comment counts by its current decision, where there is one that still stands."""
    known: dict[int, tuple[str, str] | None] = {
        1: ("User", "Accept"),
        2: ("User", "Reject"),
        3: ("Rule", "Reject"),
        4: ("Rule", "Defer"),
        5: None,
        6: ("User", "Defer"),
    }
    site = build(world, 13, decided=lambda luck, number, score: known.get(number, ("User", "Accept")))
    # 7: a rule rejected it, a moderator accepted it. 8: rejected, then highlighted, which accepts (quirk 6).
    world.add(Decision(comment_id=7, source="Rule", status="Reject", is_current_decision=False))
    world.add(Decision(comment_id=8, source="User", status="Reject"))
    # 13: rules deferred it, so that a moderator had to look.
    world.add(Decision(comment_id=13, source="Rule", status="Defer", is_current_decision=False))
    # 9: scored by another scorer only. 10: tagged by a person. 11: a moderator thought better of it.
    change(world, update(CommentScore).where(CommentScore.comment_id == 9).values(user_id=site.new))
    change(world, update(CommentScore).where(CommentScore.comment_id == 10).values(source_type="Moderator"))
    change(world, update(Decision).where(Decision.comment_id == 11).values(is_current_decision=False))
    change(world, update(Comment).where(Comment.id == 11).values(is_accepted=False))
    world.add(Decision(comment_id=11, source="User", status="Reject"))

    chosen = drawn(site)
    assert {Kind.ACCEPTED: [1, 12, 13], Kind.REJECTED: [2, 11], Kind.RULED: [3, 4, 7]} == {
        kind: sorted(ids) for kind, ids in chosen.ids.items()
    }
    assert 1 == chosen.revised


def test_a_sample_stays_as_comments_come_in(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same seed draws the same comments but for those that newer ones push out; another draws others."""
    monkeypatch.setattr(population, "PAGE", 70)
    site = build(world, 400)
    newer = update(CommentScore).where(CommentScore.comment_id > 300)
    change(world, newer.values(user_id=site.new))
    before = set(drawn(site, 60).all_ids())
    change(world, newer.values(user_id=site.old))
    after = set(drawn(site, 60).all_ids())
    assert (60, 60) == (len(before), len(after))
    assert {comment_id for comment_id in after if comment_id <= 300} <= before
    assert len(before & after) > 30
    assert after != set(drawn(site, 60, seed=2).all_ids())


@pytest.mark.parametrize(
    ("sizes", "dealt"),
    [
        ((1000, 1000, 1000), (30, 30, 30)),
        ((1000, 10, 1000), (40, 10, 40)),
        ((1000, 0, 0), (90, 0, 0)),
        ((20, 15, 5), (20, 15, 5)),
        ((0, 0, 0), (0, 0, 0)),
    ],
)
def test_what_one_kind_lacks_the_others_get(sizes: tuple[int, ...], dealt: tuple[int, ...]) -> None:
    """Evenly; never more than asked for."""
    assert dealt == tuple(shares(dict(zip(Kind, sizes, strict=True)), 90)[kind] for kind in Kind)


def test_a_comment_stands_for_as_many_as_there_are(world: World) -> None:
    """All weights of a kind add up to its size."""
    site = build(
        world, 200, decided=lambda luck, number, score: ("User", "Reject" if number % 10 == 0 else "Accept")
    )
    chosen = drawn(site, 30)
    assert {"ACCEPTED": (180, 15), "REJECTED": (20, 15), "RULED": (0, 0)} == {
        kind.name: (chosen.sizes[kind], len(chosen.ids[kind])) for kind in Kind
    }
    assert 12 == chosen.weight(Kind.ACCEPTED)


def test_since_and_category(world: World) -> None:
    """Only comments that came in since, and on articles of a category."""
    site = build(world, 6)
    elsewhere = world.article(world.category())
    change(world, update(Comment).where(Comment.id <= 2).values(created_at=datetime(2026, 1, 1, tzinfo=UTC)))
    change(world, update(Comment).where(Comment.id == 6).values(article_id=elsewhere))
    change(world, update(Article).values(is_auto_moderated=False))
    assert [3, 4, 5, 6] == drawn(site, since=datetime(2026, 1, 2, tzinfo=UTC)).all_ids()
    assert [1, 2, 3, 4, 5] == drawn(site, category_id=site.category).all_ids()
