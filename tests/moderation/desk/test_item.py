"""All that a moderator sees of one comment."""

from __future__ import annotations

from osmod.moderation.database import open_session
from osmod.moderation.desk.explain import Why
from osmod.moderation.desk.item import Item, Record, load
from osmod.moderation.desk.spans import Span
from osmod.moderation.models import (
    CommentFlag,
    CommentScore,
    CommentSummaryScore,
    Decision,
    Unscored,
    now,
)
from tests.moderation.world import World


def item(world: World, comment_id: int) -> Item:
    """It."""
    with open_session(world.engine) as session:
        found = load(session, comment_id)
    assert found is not None
    return found


def test_all_about_a_comment(world: World) -> None:
    """Scores, spans on the text as it is stored, flags, parent, article, category, record, past, and why no rule."""
    category = world.category()
    article = world.article(category)
    parent = world.comment(article, text="Parent")
    tag, insult = world.tag("TOXICITY"), world.tag("INSULT")
    world.rule(tag, 0.9, 1, "Reject", category)
    world.rule(tag, 0, 0.2, "Accept", world.category())
    comment = world.comment(
        article,
        text="<b>You</b> fool",
        author={"name": "Bob"},
        author_source_id="bob",
        reply_id=parent,
        is_scored=True,
        max_summary_score=0.83,
    )
    world.comment(article, author_source_id="bob", is_accepted=False)
    for attribute, score in ((tag, 0.83), (insult, 0.4)):
        world.add(CommentSummaryScore(comment_id=comment, tag_id=attribute, score=score))
    for source, start, end in (("Machine", 4, 8), ("Moderator", 3, 6)):
        world.add(
            CommentScore(
                comment_id=comment,
                tag_id=insult,
                source_type=source,
                score=0.7,
                annotation_start=start,
                annotation_end=end,
            )
        )
    world.add(CommentFlag(comment_id=comment, label="spam", source_id="reader"))
    moderator = world.user(name="Ann")
    world.add(Decision(comment_id=comment, status="Defer", source="User", user_id=moderator))

    seen = item(world, comment)

    assert ("undecided", "Bob", "Parent") == (seen.state, seen.author, seen.parent and seen.parent.text)
    assert [("TOXICITY", 0.83), ("INSULT", 0.4)] == [(one.attribute, one.score) for one in seen.scores]
    assert (Span(11, 15, "INSULT", 0.7), Span(3, 6, "INSULT", 0.7, by_moderator=True)) == seen.spans
    assert ["spam"] == [flag.label for flag in seen.flags]
    assert [("Defer", "Ann")] == [(one.status, one.who) for one in seen.past]
    assert Record(accepted=0, rejected=1, deferred=0, undecided=1, is_cut=False) == seen.record
    assert (Why.BY_PERSON, Why.NONE_MATCHES) == seen.explanation.why
    assert [(1, 0.07)] == [(one.rule.id, one.missed_by) for one in seen.explanation.nearest]
    assert seen.article is not None
    assert seen.category is not None


def test_little_is_known(world: World) -> None:
    """A comment without article, author's name or scores, whose scorer was given up; and one that is not there."""
    comment = world.comment(None)
    scorer = world.scorer()
    about = {"comment_id": comment, "scorer_id": scorer, "since": now(), "times": 0}
    world.add(Unscored(reason="the scorer is away", **about))

    seen = item(world, comment)

    assert ("ann", (Why.NO_SCORES,)) == (seen.author, seen.explanation.why)
    assert ["the scorer is away"] == [reason for _, reason in seen.unscored]
    with open_session(world.engine) as session:
        assert None is load(session, 12345)


def test_a_rule_decided(world: World) -> None:
    """What it deferred, or what readers flagged afterwards, is not explained by rules that changed."""
    tag = world.tag("TOXICITY")
    rule = world.rule(tag, 0.2, 0.8, "Defer")
    comment = world.comment(world.article(), is_deferred=True, is_moderated=True)
    world.add(CommentSummaryScore(comment_id=comment, tag_id=tag, score=0.4))
    world.add(Decision(comment_id=comment, status="Defer", source="Rule", moderation_rule_id=rule))
    assert (Why.BY_RULE,) == item(world, comment).explanation.why


def test_a_mark_follows_every_decision(world: World) -> None:
    """Even one that leaves the comment as it is."""
    comment = world.comment(world.article(), is_accepted=True, is_moderated=True)
    before = item(world, comment).mark
    world.add(Decision(comment_id=comment, status="Accept", source="Rule"))
    assert before != item(world, comment).mark
