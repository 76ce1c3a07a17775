"""What is around comments that a task goes by: article, current decision, flags, scores, tags and rules.

Read once the comments' rows are locked: then what other tasks changed of them is there to be seen. One statement reads
it of all comments that a task takes together. Tags and rules are read each time, not remembered: OSMod's server changes
them at any moment, and its tables have nothing that would tell every change (`updatedAt` has whole seconds).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, cast

from sqlalchemy import Select, Table, and_, bindparam, exists, or_, select
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import ColumnElement

from osmod.moderation.attributes import KnownTag, KnownTags
from osmod.moderation.errors import comment_not_found, comment_without_article
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
from osmod.moderation.state import State, lock_states
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
_IS_ASKED = _comment.id.in_(bindparam("comments", expanding=True))
# Of several decisions that are current, as OSMod may leave them, the newest comes first and counts.
_WITH_FLAGS: Select[Any] = (
    select(
        _comment.id, *_THERE, _flag.id, _flag.sourceId, _flag.label, _flag.isResolved, _flag.isRecommendation
    )
    .select_from(_AROUND.outerjoin(CommentFlag.__table__, _flag.commentId == _comment.id))
    .where(_IS_ASKED)
    .order_by(_comment.id, _decision.id.desc(), _flag.id)
)
_HAS_FLAGS = exists().where(_flag.commentId == _comment.id).correlate(Comment.__table__)
_HAS_SCORES = exists().where(_score.commentId == _comment.id).correlate(Comment.__table__)
#: A rule in the form of `Rule`.
_OF_RULE = (
    *(_rule.id, _rule.tagId, _rule.categoryId),
    *(_rule.lowerThreshold, _rule.upperThreshold, _rule.action),
)
# All tags, each with its rules, come with the first comment: it has a row for each, of which some bring a score of its
# own. Of the others there is a row for each score.
_IS_FIRST = _comment.id == bindparam("first")
_IS_SCORE = and_(_summary.commentId == _comment.id, or_(_tag.id.is_(None), _summary.tagId == _tag.id))
_WITH_RULES: Select[Any] = (
    select(
        *(_comment.id, *_THERE, _HAS_FLAGS, _HAS_SCORES, _summary.tagId, _summary.score),
        *(_tag.id, _tag.key, _tag.inSummaryScore, *_OF_RULE),
    )
    .select_from(
        _AROUND.outerjoin(Tag.__table__, _IS_FIRST)
        .outerjoin(ModerationRule.__table__, _rule.tagId == _tag.id)
        .outerjoin(CommentSummaryScore.__table__, _IS_SCORE)
    )
    .where(_IS_ASKED)
    .order_by(_comment.id, _decision.id.desc(), _tag.id)
)


def with_flags(work: Work, comment_ids: Collection[int]) -> dict[int, tuple[Surroundings, list[Flag]]]:
    """What is there of each of these comments, and its flags, oldest first. They are locked."""
    found: dict[int, tuple[Surroundings, dict[int, Flag]]] = {}
    for comment_id, *row in work.connection.execute(_WITH_FLAGS, {"comments": list(comment_ids)}):
        if comment_id not in found:
            found[comment_id] = (_surroundings(row), {})
        flag = row[_THERE_ENDS:]
        if flag[0] is not None:
            found[comment_id][1][flag[0]] = Flag(*flag)
    return {comment_id: (around, list(flags.values())) for comment_id, (around, flags) in found.items()}


@dataclass(frozen=True)
class Subject:
    """A comment that something is done to, and what is there of it; its flags oldest first."""

    comment: State
    around: Surroundings
    flags: list[Flag]


def lock_subjects(work: Work, comment_ids: Collection[int]) -> dict[int, Subject]:
    """Those of these comments that are there, their rows locked until the commit, as `lock_states` does."""
    comments = lock_states(work, comment_ids)
    found = with_flags(work, comments) if comments else {}
    return {comment_id: Subject(comment, *found[comment_id]) for comment_id, comment in comments.items()}


def lock_placed_subjects(work: Work, comment_ids: Collection[int]) -> dict[int, Subject]:
    """These comments, locked as by `lock_subjects`.

    Raises:
      NotFound: one is not there.
      Conflict: one has no article.
    """
    found = lock_subjects(work, comment_ids)
    for comment_id in comment_ids:
        if comment_id not in found:
            raise comment_not_found(comment_id)
        if found[comment_id].around.article is None:
            raise comment_without_article(comment_id)
    return found


class History(NamedTuple):
    """What is there of a comment, and what was said of it: its summary scores by tag, its flags.

    `has_scores`: whether there are any scores of it, of whatever kind.
    """

    around: Surroundings
    summaries: Mapping[int, float]
    flags: Sequence[Flag]
    has_scores: bool


@dataclass(frozen=True)
class Rulebook:
    """What comments are decided by: all tags, and all rules."""

    tags: KnownTags
    rules: Sequence[Rule]

    def rules_for(self, article: Place | None) -> list[Rule]:
        """The rules for an article's comments: those for all, and those of its category."""
        category_id = article.category_id if article else None
        return [rule for rule in self.rules if rule.category_id in (None, category_id)]


def with_rules(work: Work, comment_ids: Collection[int]) -> tuple[dict[int, History], Rulebook]:
    """What is there of each of these comments, and what they are decided by. They are locked."""
    found: dict[int, _Found] = {}
    tags: dict[int, KnownTag] = {}
    rules: dict[int, Rule] = {}
    values = {"comments": list(comment_ids), "first": min(comment_ids)}
    for comment_id, *row in work.connection.execute(_WITH_RULES, values):
        has_flags, has_scores, scored_tag, score, tag_id, *rest = row[_THERE_ENDS:]
        if comment_id not in found:
            found[comment_id] = _Found(_surroundings(row), bool(has_flags), bool(has_scores))
        if scored_tag is not None:
            found[comment_id].summaries[scored_tag] = score
        if tag_id is not None:
            tags[tag_id] = KnownTag(tag_id, *rest[:2])
        if rest[2] is not None:
            rules[rest[2]] = Rule(*rest[2:])
    flagged = [comment_id for comment_id, one in found.items() if one.has_flags]
    flags = with_flags(work, flagged) if flagged else {}
    histories = {
        comment_id: History(
            one.around, one.summaries, flags[comment_id][1] if one.has_flags else (), one.has_scores
        )
        for comment_id, one in found.items()
    }
    return histories, Rulebook(KnownTags(work.session, tags.values()), list(rules.values()))


@dataclass(frozen=True)
class _Found:
    """A comment, as far as its rows have been read."""

    around: Surroundings
    has_flags: bool
    has_scores: bool
    summaries: dict[int, float] = field(default_factory=dict)


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
