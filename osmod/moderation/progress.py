"""Where one comment stands: its scorers, its scores, what was decided. Without its text and its author."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel
from sqlalchemy import select
from sqlalchemy.orm import Session

from osmod.moderation.models import (
    Comment,
    CommentScoreRequest,
    CommentSummaryScore,
    Decision,
    Source,
    Status,
    Tag,
    User,
)


class _Shown(BaseModel):
    """Fields by the names of the API."""

    model_config = ConfigDict(alias_generator=to_camel, validate_by_name=True, validate_by_alias=True)


class ScorerAsked(_Shown):
    """A scorer that was asked. `done_at`: when it answered."""

    scorer: str | None
    sent_at: datetime
    done_at: datetime | None


class Decided(_Shown):
    """A decision, by a user or by a rule."""

    status: Status
    source: Source
    user_id: int | None
    rule_id: int | None
    is_current: bool
    created_at: datetime


class Progress(_Shown):
    """Where a comment stands. `is_accepted`: null until it is decided."""

    source_id: str
    comment_id: int
    article_id: int | None
    reply_id: int | None
    created_at: datetime
    updated_at: datetime
    sent_for_scoring: datetime | None
    is_scored: bool
    is_moderated: bool
    is_accepted: bool | None
    is_deferred: bool
    is_highlighted: bool
    is_auto_resolved: bool
    unresolved_flags: int
    score_requests: list[ScorerAsked]
    summary_scores: dict[str, float]
    decisions: list[Decided]


def progress_of(session: Session, comment_id: int) -> Progress | None:
    """How far a comment is; None where there is none."""
    comment = session.get(Comment, comment_id)
    if comment is None:
        return None
    return Progress(
        source_id=comment.source_id,
        comment_id=comment.id,
        article_id=comment.article_id,
        reply_id=comment.reply_id,
        created_at=comment.created_at,
        updated_at=comment.updated_at,
        sent_for_scoring=comment.sent_for_scoring,
        is_scored=comment.is_scored,
        is_moderated=comment.is_moderated,
        is_accepted=comment.is_accepted,
        is_deferred=bool(comment.is_deferred),
        is_highlighted=bool(comment.is_highlighted),
        is_auto_resolved=bool(comment.is_auto_resolved),
        unresolved_flags=comment.unresolved_flags_count,
        score_requests=_requests(session, comment_id),
        summary_scores=_scores(session, comment_id),
        decisions=_decisions(session, comment_id),
    )


def _requests(session: Session, comment_id: int) -> list[ScorerAsked]:
    rows = session.execute(
        select(User.name, CommentScoreRequest.sent_at, CommentScoreRequest.done_at)
        .outerjoin(User, User.id == CommentScoreRequest.user_id)
        .where(CommentScoreRequest.comment_id == comment_id)
        .order_by(CommentScoreRequest.id)
    )
    return [ScorerAsked(scorer=name, sent_at=sent_at, done_at=done_at) for name, sent_at, done_at in rows]


def _scores(session: Session, comment_id: int) -> dict[str, float]:
    rows = session.execute(
        select(Tag.attribute, CommentSummaryScore.score)
        .join(Tag, Tag.id == CommentSummaryScore.tag_id)
        .where(CommentSummaryScore.comment_id == comment_id)
        .order_by(Tag.attribute)
    )
    return {attribute: score for attribute, score in rows.all()}  # noqa: C416


def _decisions(session: Session, comment_id: int) -> list[Decided]:
    rows = session.scalars(select(Decision).where(Decision.comment_id == comment_id).order_by(Decision.id))
    return [
        Decided(
            status=decision.status,
            source=decision.source,
            user_id=decision.user_id,
            rule_id=decision.moderation_rule_id,
            is_current=decision.is_current_decision,
            created_at=decision.created_at,
        )
        for decision in rows
    ]
