"""Rules changed by people, what a change would have decided, and what was decided lately."""

from __future__ import annotations

import math
from datetime import timedelta

import pytest

from osmod.moderation.database import open_session
from osmod.moderation.desk import preview, recent, rule_book
from osmod.moderation.desk.preview import Moved
from osmod.moderation.desk.rule_book import Draft
from osmod.moderation.errors import BadPayload, Conflict, NotFound
from osmod.moderation.models import CommentScore, CommentSummaryScore, Decision, ModerationRule, now
from tests.moderation.world import World


def test_rules_are_made_changed_and_deleted_on_record(world: World) -> None:
    """Each step with who did it, in the same transaction as the change."""
    ann = world.user(name="Ann")
    tag, category = world.tag("TOXICITY"), world.category()
    first, second = Draft(tag, 0.9, 1, "Reject"), Draft(tag, 0.8, 1, "Reject", category)

    made = world.do(lambda work: rule_book.save(work, first, ann)).value
    assert made
    world.do(lambda work: rule_book.save(work, second, ann, made, first))
    with open_session(world.engine) as session:
        listed = rule_book.list_rules(session)
    world.do(lambda work: rule_book.delete(work, made, ann, second))

    assert [(second.as_rule(made), "TOXICITY", "category 2")] == [
        (one.rule, one.attribute, one.category) for one in listed
    ]
    assert 0 == world.size(ModerationRule)
    with open_session(world.engine) as session:
        changes = rule_book.changes(session)
    assert [(second, None), (first, second), (None, first)] == [(one.before, one.after) for one in changes]
    assert {"Ann"} == {one.who for one in changes}


def test_single_precision_makes_no_change_stale(world: World) -> None:
    """What was read back and sent again is what is there."""
    tag = world.tag("TOXICITY")
    rule = world.rule(tag, 0.1234567, 0.7, "Defer")
    with open_session(world.engine) as session:
        seen = rule_book.get(session, rule)
    world.do(lambda work: rule_book.save(work, Draft(tag, 0.2, 0.7, "Defer"), 1, rule, seen))


@pytest.mark.only_on("sqlite")
def test_what_cannot_be_is_refused(world: World) -> None:
    """Named by field and value; nothing is changed or written down."""
    tag = world.tag("TOXICITY")
    rule = world.rule(tag, 0.5, 1, "Reject")
    for draft, error, said in (
        (Draft(tag, -0.1, 1, "Reject"), BadPayload, "from: a score is a number from 0 to 1 (it is -0.1)"),
        (Draft(tag, 0, math.nan, "Reject"), BadPayload, "to: a score is a number from 0 to 1"),
        (Draft(tag, 0.6, 0.5, "Reject"), BadPayload, "from: 0.6 lies above 0.5"),
        (Draft(tag, 0, 1, "Burn"), BadPayload, "action: there are Accept, Reject, Defer, Highlight"),  # type: ignore[arg-type]
        (Draft(99, 0, 1, "Reject"), NotFound, "attribute: there is none with the id 99"),
        (Draft(tag, 0, 1, "Reject", 99), NotFound, "category: there is none with the id 99"),
    ):
        with pytest.raises(error) as refused:
            world.do(lambda work, draft=draft: rule_book.save(work, draft, 1))
        assert said in str(refused.value)
    seen = Draft(tag, 0.4, 1, "Reject")
    with pytest.raises(Conflict, match=f"Rule {rule} is another than you saw"):
        world.do(lambda work: rule_book.delete(work, rule, 1, seen))
    with pytest.raises(NotFound, match="There is no rule 77 any more"):
        world.do(lambda work: rule_book.save(work, seen, 1, 77, seen))
    with open_session(world.engine) as session:
        assert [] == rule_book.changes(session)


def test_what_a_change_would_have_decided(world: World) -> None:
    """On the comments scored last that it concerns: how many, which, and what moderators thought of them."""
    tag, category = world.tag("TOXICITY"), world.category()
    article, elsewhere = world.article(category), world.article(world.category())
    rule = world.rule(tag, 0.9, 1, "Reject", category)
    made = []
    for place, score in (
        (article, 0.95),
        (article, 0.85),
        (article, 0.82),
        (article, 0.3),
        (elsewhere, 0.85),
    ):
        comment = world.comment(place, is_scored=True)
        world.add(CommentSummaryScore(comment_id=comment, tag_id=tag, score=score))
        made.append(comment)
    world.comment(article)
    for comment, status in ((made[1], "Reject"), (made[2], "Accept")):
        world.add(Decision(comment_id=comment, status=status, source="User", user_id=world.user()))

    with open_session(world.engine) as session:
        wider = preview.preview(session, rule, Draft(tag, 0.8, 1, "Reject", category))
        gone = preview.preview(session, rule, None)
        new = preview.preview(session, None, Draft(tag, 0.8, 0.9, "Accept"))

    assert (4, {"Reject": 1, None: 3}, {"Reject": 3, None: 1}) == (wider.looked_at, wider.before, wider.after)
    assert (Moved(None, "Reject", 2, 2, 0, 1, (made[2], made[1])),) == wider.moved
    assert (Moved("Reject", None, 1, 0, 0, 0, (made[0],)),) == gone.moved
    assert (5, 3) == (new.looked_at, new.changed)


def test_what_was_decided_lately(world: World) -> None:
    """By whom or by which rule, with the scores, and whether these are newer than the decision."""
    tag, other = world.tag("TOXICITY"), world.tag("SPAM")
    rule = world.rule(tag, 0.9, 1, "Reject")
    ann = world.user(name="Ann")
    article = world.article(title="News")
    by_rule, by_ann = world.comment(article, text="Bad"), world.comment(None)
    for attribute, score in ((tag, 0.95), (other, 0.2)):
        world.add(CommentSummaryScore(comment_id=by_rule, tag_id=attribute, score=score))
    world.add(
        CommentScore(
            comment_id=by_rule,
            tag_id=tag,
            source_type="Machine",
            score=0.95,
            created_at=now() + timedelta(hours=1),
        )
    )
    world.add(Decision(comment_id=by_rule, status="Reject", source="Rule", moderation_rule_id=rule))
    world.add(Decision(comment_id=by_ann, status="Accept", source="User", user_id=ann))

    with open_session(world.engine) as session:
        page = recent.recent(session, recent.Wanted(), limit=1)
        second = recent.recent(session, recent.Wanted(), before=page.older, limit=1)
        anns = recent.recent(session, recent.Wanted(user_id=ann, status="Accept", source="User"))

    (first,), (older,) = page.decisions, second.decisions
    assert ("Ann", None, None) == (first.who, first.rule, first.article)
    assert (None, "News", (("TOXICITY", 0.95), ("SPAM", 0.2))) == (older.who, older.article, older.scores)
    assert older.rule is not None
    assert (rule, 0.95, True, None) == (older.rule.rule_id, older.rule.deciding, older.rescored, second.older)
    assert [first] == anns.decisions
