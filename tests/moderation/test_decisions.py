"""Decisions on comments: the state they lead to, and that one decision at most is current."""

from __future__ import annotations

from typing import Any

import pytest

from osmod.moderation import decisions
from osmod.moderation.errors import Conflict, NotFound
from osmod.moderation.models import Article, Category, Comment, CommentFlag, Decision, Status
from tests.moderation.world import World

STATE = ("is_accepted", "is_moderated", "is_deferred", "is_highlighted", "is_batch_resolved")


def state(world: World, comment_id: int) -> dict[str, Any]:
    """The columns of a comment that decisions move."""
    comment = world.get(Comment, comment_id)
    return {name: getattr(comment, name) for name in STATE}


@pytest.mark.parametrize(
    ("status", "accepted", "deferred", "counted"),
    [
        ("Accept", True, False, {"all_count": 1, "moderated_count": 1, "approved_count": 1}),
        ("Reject", False, False, {"all_count": 1, "moderated_count": 1, "rejected_count": 1}),
        ("Defer", None, True, {"all_count": 1, "moderated_count": 1, "deferred_count": 1}),
    ],
)
def test_decide(
    world: World, status: Status, accepted: bool | None, deferred: bool, counted: dict[str, int]
) -> None:
    """A decision sets the comment's state, is on record with its moderator, and is counted."""
    category = world.category()
    article = world.article(category)
    comment = world.comment(article, is_scored=True)
    moderator = world.user()

    world.do(lambda work: decisions.decide(work, status, [decisions.Act(comment, moderator)]))

    expected = (accepted, True, deferred, False, False)
    assert dict(zip(STATE, expected, strict=True)) == state(world, comment)
    (decision,) = world.all(Decision)
    assert (status, "User", moderator, None, True) == (
        decision.status,
        decision.source,
        decision.user_id,
        decision.moderation_rule_id,
        decision.is_current_decision,
    )
    assert counted == world.counts_of(Article, article) == world.counts_of(Category, category)
    assert world.get(Article, article).last_moderated_at is not None


def test_without_user_it_is_a_rules(world: World) -> None:
    """Without a user the decision counts as a rule's, and the article as not touched by a person (fact 12)."""
    article = world.article()
    comment = world.comment(article)
    world.do(
        lambda work: decisions.decide(work, "Accept", [decisions.Act(comment, None, is_batch_action=True)])
    )
    (decision,) = world.all(Decision)
    assert ("Rule", None, None) == (decision.source, decision.user_id, decision.moderation_rule_id)
    assert world.get(Article, article).last_moderated_at is None
    assert state(world, comment)["is_batch_resolved"]


def test_only_the_newest_is_current(world: World) -> None:
    """Every decision stays on record; the newest alone is current."""
    comment = world.comment(world.article())
    for status in ("Accept", "Reject", "Accept", "Accept"):
        world.do(lambda work, s=status: decisions.decide(work, s, [decisions.Act(comment, None)]))
    assert [("Accept", False), ("Reject", False), ("Accept", False), ("Accept", True)] == [
        (decision.status, decision.is_current_decision) for decision in world.all(Decision)
    ]


def test_highlight_toggles_and_accepts(world: World) -> None:
    """Highlighting accepts either way and records nothing; a rejected comment stays highlighted (quirk 6)."""
    article = world.article()
    comment = world.comment(article)
    world.do(lambda work: decisions.highlight(work, [decisions.Act(comment, None)]))
    assert (True, True) == (state(world, comment)["is_accepted"], state(world, comment)["is_highlighted"])
    world.do(lambda work: decisions.decide(work, "Reject", [decisions.Act(comment, None)]))
    assert (False, True) == (state(world, comment)["is_accepted"], state(world, comment)["is_highlighted"])
    assert {"all_count": 1, "unprocessed_count": 1, "highlighted_count": 1} == world.counts_of(
        Article, article
    )
    world.do(lambda work: decisions.highlight(work, [decisions.Act(comment, None)]))
    assert (True, False) == (state(world, comment)["is_accepted"], state(world, comment)["is_highlighted"])
    assert 1 == world.size(Decision)


def test_reset(world: World) -> None:
    """A reset comment is undecided again; its decision stays current (quirk 7)."""
    article = world.article()
    comment = world.comment(article, is_scored=True, is_highlighted=True, is_auto_resolved=True)
    world.do(
        lambda work: decisions.decide(work, "Reject", [decisions.Act(comment, None, is_batch_action=True)])
    )
    world.do(lambda work: decisions.reset(work, [decisions.Act(comment, None)]))
    assert dict.fromkeys(STATE, False) | {"is_accepted": None} == state(world, comment)
    assert not world.get(Comment, comment).is_auto_resolved
    assert [True] == [decision.is_current_decision for decision in world.all(Decision)]
    assert {"all_count": 1, "unmoderated_count": 1} == world.counts_of(Article, article)


def test_with_flags(world: World) -> None:
    """`with_flags` resolves the open flags in the same transaction."""
    article = world.article()
    comment = world.comment(article, unresolved_flags_count=1)
    moderator = world.user()
    flag = world.add(CommentFlag(comment_id=comment, source_id="r1", label="flag"))
    world.do(
        lambda work: decisions.decide(work, "Accept", [decisions.Act(comment, moderator)], with_flags=True)
    )
    assert (True, moderator) == (
        world.get(CommentFlag, flag).is_resolved,
        world.get(CommentFlag, flag).resolved_by_id,
    )
    assert {"flag": [1, 0, 0]} == world.get(Comment, comment).flags_summary
    assert {"all_count": 1, "unprocessed_count": 1, "approved_count": 1} == world.counts_of(Article, article)


@pytest.mark.parametrize("with_flags", [False, True])
def test_a_comment_without_article_is_refused(world: World, with_flags: bool) -> None:
    """Nothing is decided where there is no article, and no flag is resolved (quirk 10, mended)."""
    comment = world.comment(None)
    world.add(CommentFlag(comment_id=comment, source_id="r1", label="flag"))
    before = world.dump()
    with pytest.raises(
        Conflict, match=rf"^Comment not found, id: {comment}: it is there, but without an article"
    ):
        world.do(
            lambda work: decisions.decide(
                work, "Accept", [decisions.Act(comment, None)], with_flags=with_flags
            )
        )
    assert before == world.dump()


def test_the_user_is_looked_up_first(world: World) -> None:
    """Where user and comment are both unknown, the user is named, as in OSMod."""
    with pytest.raises(NotFound, match=r"^User not found, id: 98$"):
        world.do(lambda work: decisions.highlight(work, [decisions.Act(99, 98)]))
