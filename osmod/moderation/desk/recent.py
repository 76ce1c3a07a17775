"""What was decided lately, by whom or by which rule, and on what scores."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from osmod.moderation.desk.item import author_of
from osmod.moderation.models import (
    Article,
    Comment,
    CommentScore,
    CommentSummaryScore,
    Decision,
    ModerationRule,
    Source,
    Status,
    Tag,
    User,
)

#: Decisions in a page, and those that are looked at for them where no index leads to what is wanted.
PAGE, WINDOW = 50, 50_000


@dataclass(frozen=True)
class Wanted:
    """Which decisions; None: whichever."""

    status: Status | None = None
    source: Source | None = None
    user_id: int | None = None
    rule_id: int | None = None
    comment_id: int | None = None


@dataclass(frozen=True)
class ByRule:
    """The rule that decided, as it is now. `deciding`: the comment's score for its attribute; None: there is none."""

    rule_id: int
    attribute: str
    lower: float
    upper: float
    action: str
    deciding: float | None


@dataclass(frozen=True)
class Recent:
    """One decision.

    Attributes:
      who: the moderator's name; None: a rule, or the worker itself where `rule` is None, too.
      scores: the comment's three highest, as (attribute, score).
      rescored: it was scored anew after the decision, so that the scores are others than those decided on.
    """

    id: int
    comment_id: int
    status: Status
    is_current: bool
    at: datetime
    who: str | None
    rule: ByRule | None
    text: str
    author: str
    article_id: int | None
    article: str | None
    scores: tuple[tuple[str, float], ...]
    rescored: bool


@dataclass(frozen=True)
class Page:
    """Decisions, newest first.

    Attributes:
      older: pass it as `before` for the next page; None: there are none.
      looked_at: this many were looked at and no more, so that older ones may fit; None: these are the next that fit.
    """

    decisions: list[Recent]
    older: int | None
    looked_at: int | None = None


def recent(session: Session, wanted: Wanted, before: int | None = None, limit: int = PAGE) -> Page:
    """One page.

    Parameters:
      before: only decisions whose id is lower; None: from the newest on.
    """
    floor = _floor(session, wanted, before)
    ids = list(session.scalars(_ids(wanted, before, floor).limit(limit + 1)))
    is_cut = floor is not None and len(ids) <= limit
    older = floor if is_cut else ids[limit - 1] if len(ids) > limit else None
    rows = session.execute(
        select(Decision, Comment, Article.title, User.name, ModerationRule, Tag.attribute)
        .join(Comment, Comment.id == Decision.comment_id)
        .outerjoin(Article, Article.id == Comment.article_id)
        .outerjoin(User, User.id == Decision.user_id)
        .outerjoin(ModerationRule, ModerationRule.id == Decision.moderation_rule_id)
        .outerjoin(Tag, Tag.id == ModerationRule.tag_id)
        .where(Decision.id.in_(ids[:limit]))
        .order_by(Decision.id.desc())
    ).all()
    comment_ids = [row[1].id for row in rows]
    scores = _scores(session, comment_ids)
    scored_at = _scored_at(session, comment_ids)
    found = [_recent(row, scores[row[1].id], scored_at.get(row[1].id)) for row in rows]
    return Page(found, older, WINDOW if is_cut else None)


def _floor(session: Session, wanted: Wanted, before: int | None) -> int | None:
    """The lowest id that is looked at, as there is no index of status and source; None: all are."""
    if wanted.comment_id is not None or (wanted.status is None and wanted.source is None):
        return None
    newest, oldest = (
        session.scalar(select(func.max(Decision.id))),
        session.scalar(select(func.min(Decision.id))),
    )
    if newest is None or oldest is None:
        return None
    floor = (newest + 1 if before is None else min(before, newest + 1)) - WINDOW
    return floor if oldest < floor else None


def _ids(wanted: Wanted, before: int | None, floor: int | None) -> Select[int]:
    statement = select(Decision.id).where(Decision.comment_id.is_not(None)).order_by(Decision.id.desc())
    if before is not None:
        statement = statement.where(Decision.id < before)
    if floor is not None:
        statement = statement.where(Decision.id >= floor)
    for column, value in (
        (Decision.status, wanted.status),
        (Decision.source, wanted.source),
        (Decision.user_id, wanted.user_id),
        (Decision.moderation_rule_id, wanted.rule_id),
        (Decision.comment_id, wanted.comment_id),
    ):
        if value is not None:
            statement = statement.where(column == value)
    return statement


def _recent(row: Any, scores: list[tuple[int, str, float]], scored_at: datetime | None) -> Recent:
    decision, comment, title, name, rule, attribute = row
    by_rule = None
    if rule is not None:
        deciding = next((score for tag_id, _, score in scores if tag_id == rule.tag_id), None)
        bounds = (rule.lower_threshold, rule.upper_threshold)
        by_rule = ByRule(rule.id, attribute, *bounds, rule.action, deciding)
    return Recent(
        id=decision.id,
        comment_id=comment.id,
        status=decision.status,
        is_current=decision.is_current_decision,
        at=decision.created_at,
        who=None if decision.user_id is None else name or f"user {decision.user_id}",
        rule=by_rule,
        text=comment.text,
        author=author_of(comment),
        article_id=comment.article_id,
        article=title,
        scores=tuple((name, score) for _, name, score in scores[:3]),
        rescored=scored_at is not None and scored_at > decision.created_at,
    )


def _scores(session: Session, comment_ids: list[int]) -> dict[int, list[tuple[int, str, float]]]:
    """By comment: tag, its name and the score, the highest first."""
    found: dict[int, list[tuple[int, str, float]]] = defaultdict(list)
    rows = session.execute(
        select(CommentSummaryScore.comment_id, Tag.id, Tag.attribute, CommentSummaryScore.score)
        .join(Tag, Tag.id == CommentSummaryScore.tag_id)
        .where(CommentSummaryScore.comment_id.in_(comment_ids))
        .order_by(CommentSummaryScore.score.desc(), Tag.id)
    )
    for comment_id, tag_id, attribute, score in rows:
        found[comment_id].append((tag_id, attribute, score))
    return found


def _scored_at(session: Session, comment_ids: list[int]) -> dict[int, datetime]:
    """When each comment was scored last."""
    rows = session.execute(
        select(CommentScore.comment_id, func.max(CommentScore.created_at))
        .where(CommentScore.comment_id.in_(comment_ids), CommentScore.source_type == "Machine")
        .group_by(CommentScore.comment_id)
    ).all()
    return {comment_id: moment for comment_id, moment in rows if comment_id is not None}
