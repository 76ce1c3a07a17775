"""What is around a comment that a task goes by: its article, its current decision, flags, tags and rules.

Read once the comment's row is locked: then what other tasks changed of them is there to be seen. Tags and rules are
read each time, not remembered: OSMod's server changes them at any moment, and its tables have nothing that would tell
every change (`updatedAt` has whole seconds).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import Select, Table, and_, bindparam, exists, or_, select, true
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import ColumnElement

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


_by = ModerationRule.__table__.alias()
_THERE = (
    *(_article.id, _article.categoryId, _article.isAutoModerated),
    *(_decision.id, _decision.status, _decision.source, _decision.moderationRuleId, _by.c.action),
)
_THERE_ENDS = len(_THERE)
_IS_CURRENT = and_(_decision.commentId == _comment.id, _decision.isCurrentDecision.is_(True))
_AROUND = (
    cast("Table", Comment.__table__)
    .outerjoin(Article.__table__, _article.id == _comment.articleId)
    .outerjoin(Decision.__table__, _IS_CURRENT)
    .outerjoin(_by, _by.c.id == _decision.moderationRuleId)
)
_HAS_FLAGS = exists().where(_flag.commentId == bindparam("comment"))
_HAS_SCORES = exists().where(_score.commentId == bindparam("comment"))
# Of several decisions that are current, as OSMod may leave them, the newest comes first and counts.
_WITH_FLAGS: Select[Any] = (
    select(*_THERE, _flag.id, _flag.sourceId, _flag.label, _flag.isResolved, _flag.isRecommendation)
    .select_from(_AROUND.outerjoin(CommentFlag.__table__, _flag.commentId == _comment.id))
    .where(_comment.id == bindparam("comment"))
    .order_by(_decision.id.desc(), _flag.id)
)
#: A rule in the form of `Rule`.
_OF_RULE = (
    *(_rule.id, _rule.tagId, _rule.categoryId),
    *(_rule.lowerThreshold, _rule.upperThreshold, _rule.action),
)
_OF_TAG = and_(_summary.commentId == _comment.id, _summary.tagId == _tag.id)
_FOR_IT = or_(_rule.categoryId.is_(None), _rule.categoryId == _article.categoryId)
_WITH_RULES: Select[Any] = (
    select(
        *_THERE,
        *(_HAS_FLAGS, _HAS_SCORES),
        *(_tag.id, _tag.key, _tag.inSummaryScore, _summary.score),
        *_OF_RULE,
    )
    .select_from(
        _AROUND.outerjoin(Tag.__table__, true())
        .outerjoin(CommentSummaryScore.__table__, _OF_TAG)
        .outerjoin(ModerationRule.__table__, and_(_rule.tagId == _tag.id, _FOR_IT))
    )
    .where(_comment.id == bindparam("comment"))
    .order_by(_decision.id.desc(), _tag.id)
)


def with_flags(work: Work, comment_id: int) -> tuple[Surroundings, list[Flag]]:
    """What is there of a comment, and its flags, oldest first. The comment is locked."""
    rows = work.connection.execute(_WITH_FLAGS, {"comment": comment_id}).all()
    of_flags = [row[_THERE_ENDS:] for row in rows]
    flags = {row[0]: Flag(*row) for row in of_flags if row[0] is not None}
    return _surroundings(rows[0]), list(flags.values())


@dataclass(frozen=True)
class Rulebook:
    """What a comment is decided by: all tags with its summary scores, and the rules for it.

    `has_flags`, `has_scores`: whether there are any of the comment, of whatever kind.
    """

    tags: KnownTags
    rules: Sequence[Rule]
    has_flags: bool
    has_scores: bool


def with_rules(work: Work, comment_id: int) -> tuple[Surroundings, Rulebook]:
    """What is there of a comment, and what it is decided by. The comment is locked."""
    rows = work.connection.execute(_WITH_RULES, {"comment": comment_id}).all()
    of_book = [row[_THERE_ENDS:] for row in rows]
    has_flags, has_scores = of_book[0][:2]
    tags = {row[2]: KnownTag(*row[2:6]) for row in of_book if row[2] is not None}
    rules = {row[6]: Rule(*row[6:]) for row in of_book if row[6] is not None}
    known = KnownTags(work.session, tags.values())
    return _surroundings(rows[0]), Rulebook(known, list(rules.values()), bool(has_flags), bool(has_scores))


def rules_where(session: Session, *conditions: ColumnElement[bool]) -> list[Rule]:
    """The rules for which all conditions hold (without any: all rules), in the order of their ids."""
    found = select(*_OF_RULE).where(*conditions).order_by(_rule.id)
    return [Rule(*row) for row in session.execute(found)]


def _surroundings(row: Sequence[Any]) -> Surroundings:
    article_id, category_id, is_auto_moderated, decision_id, *decision = row[:_THERE_ENDS]
    return Surroundings(
        Place(article_id, category_id, is_auto_moderated) if article_id is not None else None,
        Current(*decision) if decision_id is not None else None,
    )
