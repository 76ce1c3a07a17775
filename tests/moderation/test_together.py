"""What is done to many comments in one transaction is what is done to each in one of its own."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any, Literal

import pytest
from sqlalchemy import select

from osmod.moderation import decisions, flags, scoring, tags
from osmod.moderation.database import open_session
from osmod.moderation.decisions import Act
from osmod.moderation.flags import Said
from osmod.moderation.models import (
    Article,
    Category,
    Comment,
    CommentFlag,
    CommentScore,
    CommentScoreRequest,
    CommentSummaryScore,
    CommentTopScore,
    Decision,
    Unscored,
    now,
)
from osmod.moderation.rounds import in_rounds
from osmod.moderation.score_data import ScoreData
from osmod.moderation.scoring import Answer
from osmod.moderation.work import Work
from tests.moderation.world import World

COMMENTS = 12
Doing = Callable[[Work, Sequence[Any]], None]
#: Columns that differ from one comment to the next, whatever is done to it.
OWN = {"id", "comment_id", "source_id", "comment_score_request_id", "comment_score_id"}
MOMENTS = {"created_at", "updated_at", "sent_at", "since", "again_at", "done_at", "resolved_at"}


class Half:
    """Comments on two articles of two categories, in every state that a task meets; two halves are the same."""

    def __init__(self, world: World, users: Sequence[int], tags: Sequence[int]) -> None:
        self.world = world
        first, second = users[2:]
        self.categories = [world.category(), world.category()]
        world.rule(tags[0], 0.5, 1, "Defer", self.categories[1])
        self.articles = [world.article(category) for category in self.categories]
        self.comments = [world.comment(self.articles[n % 2], is_highlighted=n == 5) for n in range(COMMENTS)]
        for n, comment in enumerate(self.comments):
            world.asked(comment, *((first, second) if n % 3 else (first,)))
            if n % 4 == 0:
                for label in ("spam", "recommendation"):
                    world.add(CommentFlag(comment_id=comment, source_id=f"r{n} {label}", label=label))
            if n % 5 == 0:
                old = {"comment_id": comment, "tag_id": tags[2], "score": 0.95}
                world.add(CommentSummaryScore(**old))
                world.add(
                    CommentScore(
                        **old, source_type="Machine", user_id=first, annotation_start=0, annotation_end=2
                    )
                )
            if n % 6 == 1:
                world.add(Unscored(comment_id=comment, scorer_id=first, since=now(), reason="away", times=0))

    def found(self) -> list[Any]:
        """All that there is of the comments, by their places, and what they are counted as."""
        models = (Comment, CommentScoreRequest, CommentScore, CommentSummaryScore, CommentTopScore, Decision)
        places = {comment: n for n, comment in enumerate(self.comments)}
        rows = []
        with open_session(self.world.engine) as session:
            for model in (*models, CommentFlag, Unscored):
                whose = getattr(model, "id" if model is Comment else "comment_id")
                found = (
                    select(model, whose)
                    .where(whose.in_(self.comments))
                    .order_by(*model.__table__.primary_key)
                )
                rows += [
                    (places[one], model.__tablename__, _without(row)) for row, one in session.execute(found)
                ]
        rows.sort(key=itemgetter(0))
        counted = [self.world.counts_of(Article, article) for article in self.articles]
        return [*rows, counted, [self.world.counts_of(Category, one) for one in self.categories]]


def _without(row: Any) -> dict[str, Any]:
    columns = {one.key: getattr(row, one.key) for one in row.__mapper__.column_attrs}
    shown = {name: value for name, value in columns.items() if name not in OWN | MOMENTS}
    is_set = {name: columns[name] is not None for name in MOMENTS & columns.keys()}
    return {
        **shown,
        **is_set,
        "article_id": None,
        "moderation_rule_id": bool(columns.get("moderation_rule_id")),
    }


def _compare(world: World, make: Callable[[Sequence[int], Sequence[int]], list[Any]], do: Doing) -> None:
    """Do the same to two halves: to one comment after the other, and to all of them together."""
    users = [world.user(), world.user(), world.scorer(), world.scorer()]
    tags = [world.tag(name) for name in ("TOXICITY", "SPAM", "OLD")]
    world.rule(tags[0], 0.8, 1, "Reject")
    world.rule(tags[1], 0.1, 0.4, "Highlight")
    one_by_one, together = Half(world, users, tags), Half(world, users, tags)

    for item in make(one_by_one.comments, users):
        world.do(lambda work, one=item: do(work, [one]))
    at_once = make(together.comments, users)
    world.do(lambda work: do(work, at_once))

    assert one_by_one.found() == together.found()
    assert [] == world.miscounted()


@pytest.mark.parametrize("seed", range(4))
def test_answers(world: World, seed: int) -> None:
    """Of one or two scorers, to comments with a history and without, by rules for all and for one category."""

    def answers(comments: Sequence[int], users: Sequence[int]) -> list[Any]:
        chance = random.Random(seed)
        made = []
        for n, comment in enumerate(comments):
            for scorer in users[2:] if n % 3 else users[2:3]:
                scores = {name: round(chance.random(), 3) for name in ("TOXICITY", "spam", "NEW")}
                spans = {name: [{"score": score, "begin": 0, "end": 3}] for name, score in scores.items()}
                data = {"scores": spans, "summaryScores": scores}
                extra = {"extra": {"cut": True}} if n % 2 else {}
                made.append(Answer(comment, scorer, ScoreData.model_validate(data | extra)))
        chance.shuffle(made)
        return made

    _compare(world, answers, scoring.process_machine_scores)


def _acts(comments: Sequence[int], users: Sequence[int]) -> list[Act]:
    """On every comment, of two moderators and of nobody; on some of them twice."""
    by = (users[0], users[1], None)
    return [
        Act(comment, by[n % 3], is_batch_action=n % 2 == 0)
        for n, comment in enumerate([*comments, *comments[3:7], *comments[5:6]])
    ]


@pytest.mark.parametrize("status", ["Accept", "Reject", "Defer"])
@pytest.mark.parametrize("with_flags", [False, True])
def test_decisions(world: World, status: Literal["Accept", "Reject", "Defer"], with_flags: bool) -> None:
    """With flags and without, the same comment decided more than once."""
    _compare(world, _acts, lambda work, acts: decisions.decide(work, status, acts, with_flags=with_flags))


@pytest.mark.parametrize("do", [decisions.highlight, decisions.reset])
def test_highlights_and_resets(world: World, do: Doing) -> None:
    """A highlight that is toggled twice is what it was."""
    _compare(world, _acts, do)


def test_rounds() -> None:
    """Each comment once a round, by their ids; all of them in the first, what is about the same one in its order."""
    acts = [Act(2, 1), Act(1, 1), Act(2, 2), Act(3, 1), Act(2, 3), Act(1, 2)]
    rounds = [[(act.comment_id, act.user_id) for act in one] for one in in_rounds(acts)]
    assert [[(1, 1), (2, 1), (3, 1)], [(1, 2), (2, 2)], [(2, 3)]] == rounds


def test_flags(world: World) -> None:
    """Of one reader and of others, some on the same comment and by the same reader again; some are taken back."""

    def said(comments: Sequence[int], users: Sequence[int]) -> list[Any]:
        return [
            Said(
                "recommendation" if n % 5 == 0 else "spam",
                world.get(Comment, comment).source_id,
                f"R{n} spam" if n % 2 else "ann",
                {"why": n} if n % 3 else None,
            )
            for n, comment in enumerate([*comments, *comments[2:6]])
        ]

    def all_of_it(work: Work, said: Sequence[Said]) -> None:
        flags.add_flags(work, said)
        flags.revoke_flags(work, [one for one in said if one.extra is None])

    _compare(world, said, all_of_it)


def test_flags_that_are_resolved(world: World) -> None:
    """By two moderators and by nobody."""
    _compare(world, _acts, flags.resolve_flags)


def test_tags(world: World) -> None:
    """Each time anew, by two moderators and by nobody."""

    def taggings(comments: Sequence[int], users: Sequence[int]) -> list[Any]:
        return [tags.Tagging(act.comment_id, 1, act.user_id) for act in _acts(comments, users)]

    _compare(world, taggings, tags.tag_comments)
