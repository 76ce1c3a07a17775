"""A scorer's answer: what is stored, when a comment is complete, and what the rules then do."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from osmod.moderation import decisions, scoring
from osmod.moderation.completing import Asked, is_complete
from osmod.moderation.errors import NotFound
from osmod.moderation.models import (
    Article,
    Comment,
    CommentScore,
    CommentScoreRequest,
    CommentSummaryScore,
    CommentTopScore,
    Decision,
    Tag,
    now,
)
from osmod.moderation.score_data import ScoreData
from osmod.moderation.work import Work
from tests.moderation.world import World


def answer(world: World, comment: int, scorer: int, **attributes: Any) -> None:
    """Take in an answer; each attribute's value is its summary score, or (summary, spans)."""
    told = {name: value if isinstance(value, tuple) else (value, []) for name, value in attributes.items()}
    data = ScoreData.model_validate(
        {
            "scores": {
                name: [{"score": s, "begin": b, "end": e} for s, b, e in spans]
                for name, (_, spans) in told.items()
            },
            "summaryScores": {name: summary for name, (summary, _) in told.items()},
        }
    )
    world.do(lambda work: scoring.process_machine_scores(work, [scoring.Answer(comment, scorer, data)]))


def test_a_comment_is_complete_when_all_have_answered(world: World) -> None:
    """Scores wait until every scorer that was asked has answered; a scorer not asked does not count (fact 7)."""
    article = world.article()
    comment = world.comment(article)
    first, second = world.scorer(), world.scorer()
    world.scorer()
    world.asked(comment, first, second)
    world.rule(world.tag("TOXICITY"), 0.5, 1, "Reject")

    answer(world, comment, first, TOXICITY=0.9)
    assert (False, None) == (world.get(Comment, comment).is_scored, world.get(Comment, comment).is_accepted)
    assert {"all_count": 1, "unprocessed_count": 1} == world.counts_of(Article, article)

    answer(world, comment, second, SPAM=0.1)
    row = world.get(Comment, comment)
    assert (True, False, True, True) == (
        row.is_scored,
        row.is_accepted,
        row.is_moderated,
        row.is_auto_resolved,
    )
    assert {"all_count": 1, "moderated_count": 1, "rejected_count": 1} == world.counts_of(Article, article)


@pytest.mark.parametrize(
    ("requests", "complete"),
    [
        ([], False),
        ([(1, False)], False),
        ([(1, True)], True),
        ([(1, True), (1, False)], True),
        ([(1, True), (2, False)], False),
        ([(1, False), (2, True), (1, True)], True),
        ([(1, True), (None, False)], False),
    ],
)
def test_is_complete(requests: list[tuple[int | None, bool]], complete: bool) -> None:
    """One answer for each scorer asked is enough, however often it was asked (fact 7)."""
    asked = [Asked(1, scorer, now(), now() if done else None, is_given_up=False) for scorer, done in requests]
    assert complete is is_complete(asked)


def test_the_newest_request_is_answered(world: World) -> None:
    """Of several requests to one scorer the newest is marked as done."""
    comment, scorer = world.comment(world.article()), world.scorer()
    world.asked(comment, scorer, scorer)
    old = world.all(CommentScoreRequest)[0]
    with world.engine.begin() as connection:
        connection.exec_driver_sql(
            f"UPDATE comment_score_requests SET sentAt = '2020-01-01 00:00:00' WHERE id = {old.id}"
        )
    answer(world, comment, scorer, TOXICITY=0.5)
    assert [False, True] == [request.done_at is not None for request in world.all(CommentScoreRequest)]


def test_scores(world: World) -> None:
    """Spans, summary scores, the highest of them and each attribute's top span are stored."""
    comment, scorer = world.comment(world.article()), world.scorer()
    world.asked(comment, scorer)
    toxicity = world.tag("TOXICITY")
    answer(
        world,
        comment,
        scorer,
        toxicity=(0.7, [(0.2, 0, 4), (0.7, 5, 9), (0.7, 10, 14), (0.9, None, None)]),
        SPAM=(0.1, []),
    )
    spam = next(tag.id for tag in world.all(Tag) if tag.attribute == "SPAM")
    rows = world.all(CommentScore)
    assert [(0.2, 0, 4), (0.7, 5, 9), (0.7, 10, 14), (0.9, None, None)] == [
        (row.score, row.annotation_start, row.annotation_end) for row in rows
    ]
    assert {(toxicity, "Machine", scorer)} == {(row.tag_id, row.source_type, row.user_id) for row in rows}
    assert [(toxicity, 0.7), (spam, 0.1)] == [
        (row.tag_id, row.score) for row in world.all(CommentSummaryScore)
    ]
    assert [(toxicity, rows[1].id)] == [
        (row.tag_id, row.comment_score_id) for row in world.all(CommentTopScore)
    ], "the first of the highest spans; spans without ends do not count"
    row = world.get(Comment, comment)
    assert (0.7, toxicity) == (row.max_summary_score, row.max_summary_score_tag_id)


def test_a_rescore_replaces_the_scorers_spans(world: World) -> None:
    """A later answer replaces what this scorer said of spans; others' scores stay (quirk 4: summaries too)."""
    comment, scorer, other = world.comment(world.article()), world.scorer(), world.scorer()
    world.asked(comment, scorer, other)
    answer(world, comment, other, SPAM=(0.3, [(0.3, 0, 1)]))
    answer(world, comment, scorer, TOXICITY=(0.8, [(0.8, 0, 1)]))
    answer(world, comment, scorer, INSULT=(0.4, [(0.4, 0, 2)]))
    assert [(0.3, other), (0.4, scorer)] == [(row.score, row.user_id) for row in world.all(CommentScore)]
    assert [0.3, 0.8, 0.4] == [row.score for row in world.all(CommentSummaryScore)]
    assert 0.8 == world.get(Comment, comment).max_summary_score


def test_a_rescore_keeps_what_moderators_said(world: World) -> None:
    """A rescore changes a summary score's value only, not whether a moderator confirmed it (fact 12)."""
    comment, scorer, moderator = world.comment(world.article()), world.scorer(), world.user()
    world.asked(comment, scorer)
    tag = world.tag("TOXICITY")
    world.add(
        CommentSummaryScore(
            comment_id=comment, tag_id=tag, score=1, is_confirmed=True, confirmed_user_id=moderator
        )
    )
    answer(world, comment, scorer, TOXICITY=0.25)
    assert [(0.25, True, moderator)] == [
        (row.score, row.is_confirmed, row.confirmed_user_id) for row in world.all(CommentSummaryScore)
    ]


def test_rules_decide(world: World) -> None:
    """The matching rule is on record; a comment that was accepted by a moderator is overridden (quirk 8)."""
    category = world.category()
    article = world.article(category)
    comment, scorer = world.comment(article), world.scorer()
    world.asked(comment, scorer)
    tag = world.tag("TOXICITY")
    world.rule(tag, 0.5, 1, "Accept")
    rule = world.rule(tag, 0.5, 1, "Reject", category)
    world.rule(tag, 0.5, 1, "Accept", world.category())
    world.do(lambda work: decisions.decide(work, "Accept", [decisions.Act(comment, None)]))
    answer(world, comment, scorer, TOXICITY=0.9)
    assert [("Accept", None, False), ("Reject", rule, True)] == [
        (d.status, d.moderation_rule_id, d.is_current_decision) for d in world.all(Decision)
    ]
    assert world.get(Comment, comment).is_accepted is False


def test_no_rule_matches(world: World) -> None:
    """A comment that no rule resolves is scored and waits for a moderator: it is not published."""
    article = world.article()
    comment, scorer = world.comment(article), world.scorer()
    world.asked(comment, scorer)
    world.rule(world.tag("TOXICITY"), 0.5, 1, "Reject")
    answer(world, comment, scorer, TOXICITY=0.4)
    row = world.get(Comment, comment)
    assert (True, None, False, False) == (
        row.is_scored,
        row.is_accepted,
        row.is_moderated,
        row.is_auto_resolved,
    )
    assert {"all_count": 1, "unmoderated_count": 1} == world.counts_of(Article, article)


def test_an_article_without_automatic_moderation(world: World) -> None:
    """Where the article says so, scores are stored and no rule acts."""
    article = world.article(is_auto_moderated=False)
    comment, scorer = world.comment(article), world.scorer()
    world.asked(comment, scorer)
    world.rule(world.tag("TOXICITY"), 0.5, 1, "Reject")
    answer(world, comment, scorer, TOXICITY=0.9)
    assert (True, None) == (world.get(Comment, comment).is_scored, world.get(Comment, comment).is_accepted)
    assert [] == world.all(Decision)


def test_a_scorer_that_was_not_asked(world: World) -> None:
    """An answer nobody asked for is refused and changes nothing; so is one for an unknown comment (quirk 11)."""
    comment, scorer, other = world.comment(world.article()), world.scorer(), world.scorer()
    world.asked(comment, scorer)
    before = world.dump()
    for number, user in ((comment, other), (99, scorer)):
        with pytest.raises(NotFound) as refused:
            answer(world, number, user, TOXICITY=0.9)
        assert (
            f"Comment score request not found: scorer {user} was not asked about comment {number}; "
            "queue sendCommentForScoring"
        ) == str(refused.value)
    assert before == world.dump()


def test_two_spellings_of_one_attribute(world: World) -> None:
    """An answer that names one attribute twice makes one tag; the last of its summary scores counts."""
    comment, scorer = world.comment(world.article()), world.scorer()
    world.asked(comment, scorer)
    answer(world, comment, scorer, SPAM=(0.2, [(0.2, 0, 1)]), spam=(0.6, [(0.6, 1, 2)]))
    assert ["SPAM"] == [tag.attribute for tag in world.all(Tag)]
    assert [0.6] == [row.score for row in world.all(CommentSummaryScore)]
    assert [0.2, 0.6] == [row.score for row in world.all(CommentScore)]


def test_half_an_answer_is_never_stored(world: World) -> None:
    """What fails after the scores were written leaves none of them (quirk 3, mended)."""
    comment, scorer = world.comment(world.article()), world.scorer()
    world.asked(comment, scorer)
    before = world.dump()
    data = ScoreData.model_validate({"scores": {"A": [{"score": 0.5}]}, "summaryScores": {"A": 0.5}})

    def fail(work: Work) -> None:
        scoring.process_machine_scores(work, [scoring.Answer(comment, scorer, data)])
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        world.do(fail)
    assert before == world.dump()


@pytest.mark.only_on("mariadb")
def test_two_answers_at_once_complete_once(world: World) -> None:
    """Both scorers' answers in flight at once: one decision, whichever comes last (quirk 16, mended)."""
    article = world.article(world.category())
    world.rule(world.tag("TOXICITY"), 0.5, 1, "Reject")
    scorers = [world.scorer(), world.scorer()]
    comments = [world.comment(article) for _ in range(20)]
    for comment in comments:
        world.asked(comment, *scorers)
    with ThreadPoolExecutor(4) as pool:
        answers = [
            pool.submit(answer, world, comment, scorer, TOXICITY=(0.9, [(0.9, 0, 4)]))
            for comment in comments
            for scorer in scorers
        ]
        for done in answers:
            done.result()
    assert [(comment, True) for comment in comments] == sorted(
        (d.comment_id or 0, d.is_current_decision) for d in world.all(Decision)
    )
    assert {"all_count": 20, "moderated_count": 20, "rejected_count": 20} == world.counts_of(Article, article)
    assert [] == world.miscounted()
