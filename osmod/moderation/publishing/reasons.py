"""What a publisher is told of a decision: which comment, what was decided, by whom and for which reasons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from osmod.moderation.models import (
    Article,
    Comment,
    CommentSummaryScore,
    Decision,
    ModerationRule,
    Source,
    Status,
    Tag,
)
from osmod.moderation.state import State


@dataclass(frozen=True)
class Recorded:
    """A decision as it was just written. Columns of `Decision`."""

    id: int
    comment_id: int
    status: Status
    source: Source
    user_id: int | None
    moderation_rule_id: int | None


def data_of(session: Session, comment: Comment | State, decision: Decision | Recorded) -> dict[str, Any]:
    """The `data` of a notice, as things stand in the decision's transaction. Nothing of the comment's text.

    Ids are OSMod's, `sourceId`s the publisher's own. `by.type` is `moderator`, with the user's id, or `rule`, with the
    rule (null: the rules did not agree, or a program decided without a user) and the scores that rules go by.
    """
    return {
        "comment": {
            "id": comment.id,
            "sourceId": comment.source_id,
            "articleId": comment.article_id,
            "articleSourceId": _article_source(session, comment.article_id),
        },
        "decision": {"id": decision.id, "status": decision.status},
        "by": _moderator(decision) if decision.source == "User" else _rule(session, decision),
    }


def _article_source(session: Session, article_id: int | None) -> str | None:
    return session.scalar(select(Article.source_id).where(Article.id == article_id)) if article_id else None


def _moderator(decision: Decision | Recorded) -> dict[str, Any]:
    return {"type": "moderator", "userId": decision.user_id}


def _rule(session: Session, decision: Decision | Recorded) -> dict[str, Any]:
    scores = session.execute(
        select(Tag.attribute, CommentSummaryScore.score)
        .join(Tag, Tag.id == CommentSummaryScore.tag_id)
        .where(CommentSummaryScore.comment_id == decision.comment_id)
        .order_by(Tag.attribute)
    )
    return {
        "type": "rule",
        "rule": _rule_of(session, decision.moderation_rule_id),
        "scores": {row.attribute: row.score for row in scores},
    }


def _rule_of(session: Session, rule_id: int | None) -> dict[str, Any] | None:
    if rule_id is None:
        return None
    rule, attribute = session.execute(
        select(ModerationRule, Tag.attribute)
        .join(Tag, Tag.id == ModerationRule.tag_id)
        .where(ModerationRule.id == rule_id)
    ).one()
    return {
        "id": rule.id,
        "attribute": attribute,
        "lowerThreshold": rule.lower_threshold,
        "upperThreshold": rule.upper_threshold,
        "action": rule.action,
    }
