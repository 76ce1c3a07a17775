"""What a change of rules would have decided on the comments scored last."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from osmod.moderation.desk.rule_book import Draft
from osmod.moderation.models import (
    SUMMARY_SCORE,
    Article,
    Comment,
    CommentSummaryScore,
    Decision,
    Status,
    Tag,
)
from osmod.moderation.rules import Rule, judge, with_summary
from osmod.moderation.surroundings import rules_where

#: The comments that a change is tried on, and among how many of the newest these are looked for, at first and at most.
LAST = 1_000
WINDOWS = (2_000, 10_000, 50_000)
#: Comments shown for each way in which a verdict changes.
EXAMPLES = 5
#: The id of a rule that is not there yet: higher than any, as it will be.
NEW = 2**32


@dataclass(frozen=True)
class Moved:
    """Comments whose verdict changes in one way. `before`, `after`: None is left to moderators.

    Attributes:
      judged: on how many of them moderators decided.
      right_before, right_after: how many of these they decided as the rules do before, and after.
    """

    before: Status | None
    after: Status | None
    count: int
    judged: int
    right_before: int
    right_after: int
    examples: tuple[int, ...]


@dataclass(frozen=True)
class Preview:
    """What changes.

    Attributes:
      looked_at: the comments that it was tried on: the last `LAST` scored ones that the rule concerns.
      before, after: how many of them get each verdict.
      moved: the ways in which verdicts change, the most frequent first.
    """

    looked_at: int
    before: Mapping[Status | None, int]
    after: Mapping[Status | None, int]
    moved: tuple[Moved, ...]

    @property
    def changed(self) -> int:
        """How many get another verdict."""
        return sum(one.count for one in self.moved)


@dataclass(frozen=True)
class Tried:
    """One comment that a change is tried on. `decided`: what a moderator decided, where one did."""

    comment_id: int
    category_id: int | None
    scores: Mapping[int, float]
    decided: Status | None


def preview(session: Session, rule_id: int | None, draft: Draft | None) -> Preview:
    """What would change if a rule became `draft`.

    Parameters:
      rule_id: the rule; None: a new one.
      draft: what it is to be; None: it is deleted.
    """
    rules = rules_where(session)
    changed = [rule for rule in rules if rule.id != rule_id]
    if draft is not None:
        changed.append(draft.as_rule(NEW if rule_id is None else rule_id))
    concerned = {rule.category_id for rule in {*rules} ^ {*changed}}
    only = None if None in concerned else concerned
    return compare(tried(session, only), rules, changed)


def compare(comments: Sequence[Tried], before: Sequence[Rule], after: Sequence[Rule]) -> Preview:
    """What two sets of rules decide on comments. Pure."""
    verdicts = [(one, _verdict(one, before), _verdict(one, after)) for one in comments]
    ways: dict[tuple[Status | None, Status | None], list[Tried]] = defaultdict(list)
    sizes: tuple[dict[Status | None, int], dict[Status | None, int]] = (defaultdict(int), defaultdict(int))
    for one, old, new in verdicts:
        sizes[0][old] += 1
        sizes[1][new] += 1
        if old != new:
            ways[old, new].append(one)
    moved = [
        Moved(
            old,
            new,
            len(those),
            sum(one.decided is not None for one in those),
            sum(one.decided is not None and one.decided == old for one in those),
            sum(one.decided is not None and one.decided == new for one in those),
            tuple(one.comment_id for one in those[:EXAMPLES]),
        )
        for (old, new), those in ways.items()
    ]
    return Preview(
        len(comments), dict(sizes[0]), dict(sizes[1]), tuple(sorted(moved, key=lambda one: -one.count))
    )


def tried(session: Session, category_ids: set[int | None] | None) -> list[Tried]:
    """The comments scored last, of some categories or (None) of all, the newest first."""
    rows: Sequence[Any] = ()
    for window in WINDOWS:
        rows = session.execute(_scored(window, category_ids)).all()
        if len(rows) == LAST:
            break
    ids = [row[0] for row in rows]
    scores: dict[int, dict[int, float]] = defaultdict(dict)
    for comment_id, tag_id, score in session.execute(
        select(CommentSummaryScore.comment_id, CommentSummaryScore.tag_id, CommentSummaryScore.score).where(
            CommentSummaryScore.comment_id.in_(ids)
        )
    ):
        scores[comment_id][tag_id] = score
    summary = session.scalar(select(Tag.id).where(Tag.attribute == SUMMARY_SCORE))
    decided = dict(_decided(session, ids))
    return [
        Tried(
            comment_id,
            category_id,
            with_summary(scores[comment_id], summary, highest),
            decided.get(comment_id),
        )
        for comment_id, category_id, highest in rows
    ]


def _scored(window: int, category_ids: set[int | None] | None) -> Select[Any]:
    """`id`, category and highest score of those of the newest comments that are meant."""
    newest = (
        select(Comment.id, Comment.article_id, Comment.is_scored, Comment.max_summary_score)
        .order_by(Comment.id.desc())
        .limit(window)
        .subquery()
    )
    statement = (
        select(newest.c.id, Article.category_id, newest.c.max_summary_score)
        .outerjoin(Article, Article.id == newest.c.article_id)
        .where(newest.c.is_scored.is_(True))
    )
    if category_ids is not None:
        statement = statement.where(Article.category_id.in_(category_ids))
    return statement.order_by(newest.c.id.desc()).limit(LAST)


def _decided(session: Session, ids: Sequence[int]) -> Iterator[tuple[int, Status]]:
    """What moderators decided on comments, as it stands now."""
    rows = session.execute(
        select(Decision.comment_id, Decision.status).where(
            Decision.comment_id.in_(ids), Decision.is_current_decision.is_(True), Decision.source == "User"
        )
    )
    for comment_id, status in rows:
        if comment_id is not None:
            yield comment_id, status


def _verdict(one: Tried, rules: Sequence[Rule]) -> Status | None:
    found = judge(one.scores, [rule for rule in rules if rule.category_id in (None, one.category_id)])
    return found.status if found else None
