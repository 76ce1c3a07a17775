"""Moderators' tags, and what moderators say of scores."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from osmod.moderation import tags
from osmod.moderation.errors import BadPayload, NotFound
from osmod.moderation.models import Article, Comment, CommentScore, CommentSummaryScore
from osmod.moderation.work import Work
from tests.moderation.waiting import in_thread, until_waiting
from tests.moderation.world import World


def test_tag_comment(world: World) -> None:
    """A tag is a moderator's score of 1; each time one more (fact 13)."""
    article = world.article()
    comment, tag, moderator = world.comment(article), world.tag("OFF_TOPIC"), world.user()
    for _ in range(2):
        world.do(lambda work: tags.tag_comments(work, [tags.Tagging(comment, tag, moderator)]))
    expected = (comment, tag, moderator, "Moderator", 1.0, None, None)
    assert [expected, expected] == [
        (s.comment_id, s.tag_id, s.user_id, s.source_type, s.score, s.is_confirmed, s.annotation_start)
        for s in world.all(CommentScore)
    ]
    assert world.get(Article, article).last_moderated_at is not None
    assert {} == world.get(Comment, comment).flags_summary


def test_add_tag(world: World) -> None:
    """A tagged span is confirmed by who tags it, and is not an act on the article (fact 11)."""
    article = world.article()
    comment, tag, moderator = world.comment(article), world.tag("OFF_TOPIC"), world.user()
    world.do(lambda work: tags.add_tag(work, comment, tag, moderator, 2, 6))
    (score,) = world.all(CommentScore)
    assert (2, 6, True, moderator) == (
        score.annotation_start,
        score.annotation_end,
        score.is_confirmed,
        score.confirmed_user_id,
    )
    assert world.get(Article, article).last_moderated_at is None


def test_a_span_that_ends_before_it_begins(world: World) -> None:
    """A reversed span is refused, naming both ends; a span beyond the text is kept."""
    comment, tag = world.comment(world.article(), text="short"), world.tag("OFF_TOPIC")
    before = world.dump()
    message = r"^addTag: annotationEnd: the span ends \(2\) before it begins \(6\)$"
    with pytest.raises(BadPayload, match=message):
        world.do(lambda work: tags.add_tag(work, comment, tag, None, 6, 2))
    assert before == world.dump()
    world.do(lambda work: tags.add_tag(work, comment, tag, None, 100, 900))
    assert [(100, 900)] == [(s.annotation_start, s.annotation_end) for s in world.all(CommentScore)]


def test_remove_tag(world: World) -> None:
    """A removed score is gone; an unknown one is refused."""
    comment, tag = world.comment(world.article()), world.tag("OFF_TOPIC")
    world.do(lambda work: tags.tag_comments(work, [tags.Tagging(comment, tag, None)]))
    (score,) = world.all(CommentScore)
    world.do(lambda work: tags.remove_tag(work, score.id))
    assert [] == world.all(CommentScore)
    with pytest.raises(NotFound, match=rf"^Comment Score Not found, id: {score.id}$"):
        world.do(lambda work: tags.remove_tag(work, score.id))


def test_confirm_reject_reset(world: World) -> None:
    """A score is confirmed, rejected, and undecided again; who decided stays on record after a reset."""
    comment, tag, moderator = world.comment(world.article()), world.tag("OFF_TOPIC"), world.user()
    world.do(lambda work: tags.tag_comments(work, [tags.Tagging(comment, tag, None)]))
    (score,) = world.all(CommentScore)

    def now() -> tuple[bool | None, int | None]:
        row = world.get(CommentScore, score.id)
        return row.is_confirmed, row.confirmed_user_id

    world.do(lambda work: tags.confirm_tag(work, score.id, moderator, confirmed=True))
    assert (True, moderator) == now()
    world.do(lambda work: tags.confirm_tag(work, score.id, None, confirmed=False))
    assert (False, None) == now()
    world.do(lambda work: tags.confirm_tag(work, score.id, moderator, confirmed=False))
    world.do(lambda work: tags.reset_tag(work, score.id))
    assert (None, moderator) == now()


@pytest.mark.only_on("mariadb")
def test_a_score_that_goes_away_meanwhile(world: World) -> None:
    """A score that a rescore deletes while a moderator's job waits for it is passed over, or refused."""
    comment, tag = world.comment(world.article()), world.tag("OFF_TOPIC")
    world.do(lambda work: tags.tag_comments(work, [tags.Tagging(comment, tag, None)]))
    (score,) = world.all(CommentScore)
    rescore = world.engine.connect()
    rescore.exec_driver_sql(f"DELETE FROM comment_scores WHERE id = {score.id}")
    with (
        in_thread(lambda: world.do(lambda work: tags.reset_tag(work, score.id))) as reset,
        in_thread(lambda: world.do(lambda work: tags.remove_tag(work, score.id))) as remove,
        rescore,
    ):
        until_waiting(world.engine, 2)
        rescore.commit()
    reset.result()
    with pytest.raises(NotFound, match=rf"^Comment Score Not found, id: {score.id}$"):
        remove.result()


def test_tag_summary(world: World) -> None:
    """A summary score is set to 1 and confirmed, whether it was there or not (fact 12)."""
    comment, tag, moderator = world.comment(world.article()), world.tag("OFF_TOPIC"), world.user()
    world.add(CommentSummaryScore(comment_id=comment, tag_id=tag, score=0.25))
    other = world.tag("SPAM")
    for number in (tag, other):
        world.do(lambda work, number=number: tags.tag_summary(work, comment, number, moderator))
    assert [(tag, 1.0, True, moderator), (other, 1.0, True, moderator)] == [
        (s.tag_id, s.score, s.is_confirmed, s.confirmed_user_id) for s in world.all(CommentSummaryScore)
    ]


def test_confirm_summary(world: World) -> None:
    """A summary score is confirmed or rejected; a missing one is passed over."""
    comment, tag, moderator = world.comment(world.article()), world.tag("OFF_TOPIC"), world.user()
    world.add(CommentSummaryScore(comment_id=comment, tag_id=tag, score=0.25))
    for confirmed in (True, False):
        world.do(lambda work, c=confirmed: tags.confirm_summary(work, comment, tag, moderator, confirmed=c))
        assert [(0.25, confirmed, moderator)] == [
            (s.score, s.is_confirmed, s.confirmed_user_id) for s in world.all(CommentSummaryScore)
        ]
    world.do(lambda work: tags.confirm_summary(work, comment, 99, moderator, confirmed=True))


def _tag_comment(work: Work, *ids: Any) -> None:
    tags.tag_comments(work, [tags.Tagging(*ids)])


@pytest.mark.parametrize("act", [_tag_comment, tags.tag_summary, tags.add_tag])
def test_unknown_ids(world: World, act: Callable[..., None]) -> None:
    """Each task names what it does not find and changes nothing."""
    comment, tag = world.comment(world.article()), world.tag("OFF_TOPIC")
    before = world.dump()
    for arguments, message in [
        ((99, tag, None), "^Comment not found, id: 99$"),
        ((comment, 99, None), "^Tag not found, id: 99$"),
        ((comment, tag, 99), "^User not found, id: 99$"),
    ]:
        with pytest.raises(NotFound, match=message):
            world.do(lambda work, arguments=arguments: act(work, *arguments))
    assert before == world.dump()
