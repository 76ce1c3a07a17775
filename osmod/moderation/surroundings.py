"""What is around a comment that a task goes by: its article, its current decision, flags, tags and rules.

Read once the comment's row is locked: then what other tasks changed of them is there to be seen. Tags and rules are
read each time, not remembered: OSMod's server changes them at any moment, and its tables have nothing that would tell
every change (`updatedAt` has whole seconds).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import Select, Table, and_, bindparam, exists, literal_column, or_, select, true

from osmod.moderation.attributes import KnownTag, KnownTags
from osmod.moderation.models import (
    Action,
    Article,
    Comment,
    CommentFlag,
    CommentScore,
    CommentSummaryScore,
    Decision,
    ModerationRule,
    Source,
    Status,
    Tag,
)
from osmod.moderation.rules import Rule
from osmod.moderation.work import Work


@dataclass(frozen=True)
class Place:
    """A comment's article, and the category in which both are counted."""

    id: int
    category_id: int | None
    is_auto_moderated: bool


@dataclass(frozen=True)
class Current:
    """A comment's current decision; `action` is that of its rule, if it has one."""

    status: Status
    source: Source
    rule_id: int | None
    action: Action | None


@dataclass(frozen=True)
class Surroundings:
    """What is there of a comment."""

    article: Place | None
    current: Current | None
    has_flags: bool
    has_scores: bool


@dataclass(frozen=True)
class Flag:
    """What a reader said of the comment."""

    id: int
    source_id: str | None
    label: str
    is_resolved: bool | None
    is_recommendation: bool | None


def _table(model: Any) -> Any:
    return cast("Table", model.__table__).c


_comment, _article, _decision, _flag = map(_table, (Comment, Article, Decision, CommentFlag))
_tag, _summary, _rule, _score = map(_table, (Tag, CommentSummaryScore, ModerationRule, CommentScore))


def _there() -> Any:
    """One row, with the newest of the decisions that are current. Limited, so that it is made once and not a row."""
    by = ModerationRule.__table__.alias()
    columns = (
        _comment.id.label("comment_id"),
        _article.id.label("article_id"),
        _article.categoryId.label("category_id"),
        _article.isAutoModerated,
        _decision.id.label("decision_id"),
        _decision.status,
        _decision.source,
        _decision.moderationRuleId,
        by.c.action,
        exists().where(_flag.commentId == _comment.id).label("has_flags"),
        exists().where(_score.commentId == _comment.id).label("has_scores"),
    )
    is_current = and_(_decision.commentId == _comment.id, _decision.isCurrentDecision.is_(True))
    return (
        select(*columns)
        .select_from(Comment.__table__)
        .outerjoin(Article.__table__, _article.id == _comment.articleId)
        .outerjoin(Decision.__table__, is_current)
        .outerjoin(by, by.c.id == _decision.moderationRuleId)
        .where(_comment.id == bindparam("comment"))
        .order_by(_decision.id.desc())
        .limit(literal_column("1"))
        .subquery("there")
    )


_there_is = _there()
_WIDTH = len(_there_is.c)
_WITH_FLAGS: Select[Any] = (
    select(_there_is, _flag.id, _flag.sourceId, _flag.label, _flag.isResolved, _flag.isRecommendation)
    .select_from(_there_is)
    .outerjoin(CommentFlag.__table__, _flag.commentId == _there_is.c.comment_id)
    .order_by(_flag.id)
)
_WITH_RULES: Select[Any] = (
    select(
        _there_is,
        *(_tag.id, _tag.key, _tag.inSummaryScore, _summary.score),
        *(
            _rule.id,
            _rule.tagId,
            _rule.categoryId,
            _rule.lowerThreshold,
            _rule.upperThreshold,
            _rule.action,
        ),
    )
    .select_from(_there_is)
    .outerjoin(Tag.__table__, true())
    .outerjoin(
        CommentSummaryScore.__table__,
        and_(_summary.commentId == _there_is.c.comment_id, _summary.tagId == _tag.id),
    )
    .outerjoin(
        ModerationRule.__table__,
        and_(
            _rule.tagId == _tag.id,
            or_(_rule.categoryId.is_(None), _rule.categoryId == _there_is.c.category_id),
        ),
    )
    .order_by(_tag.id)
)


def with_flags(work: Work, comment_id: int) -> tuple[Surroundings, list[Flag]]:
    """What is there of a comment, and its flags, oldest first. The comment is locked."""
    rows = work.connection.execute(_WITH_FLAGS, {"comment": comment_id}).all()
    flags = [Flag(*row[_WIDTH:]) for row in rows if row[_WIDTH] is not None]
    return _surroundings(rows[0]), flags


def with_rules(work: Work, comment_id: int) -> tuple[Surroundings, KnownTags, list[Rule]]:
    """What is there of a comment, all tags with its summary scores, and the rules for it. The comment is locked."""
    rows = work.connection.execute(_WITH_RULES, {"comment": comment_id}).all()
    tags = {row[_WIDTH]: KnownTag(*row[_WIDTH : _WIDTH + 4]) for row in rows if row[_WIDTH] is not None}
    rules = [Rule(*row[_WIDTH + 4 :]) for row in rows if row[_WIDTH + 4] is not None]
    return _surroundings(rows[0]), KnownTags(work.session, tags.values()), rules


def _surroundings(row: Sequence[Any]) -> Surroundings:
    _, article_id, category_id, auto, decision_id, status, source, rule_id, action, flags, scores = row[
        :_WIDTH
    ]
    return Surroundings(
        Place(article_id, category_id, auto) if article_id is not None else None,
        Current(status, source, rule_id, action) if decision_id is not None else None,
        bool(flags),
        bool(scores),
    )
