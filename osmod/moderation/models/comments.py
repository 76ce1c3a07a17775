"""`comments` and `comment_sizes`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKeyConstraint, Index
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from osmod.moderation.models.base import OSMOD_TABLE_OPTIONS, Base, Stamped, flag_column, key, not_sqlite
from osmod.moderation.models.types import Id, Json, LongText, Moment, Single, char, now


class Comment(Stamped, Base):
    """A reader's comment and where its moderation stands.

    `is_accepted` is None until decided; `is_moderated` is set by people and by rules alike.
    """

    __tablename__ = "comments"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    source_id: Mapped[str] = mapped_column("sourceId", char())
    article_id: Mapped[int | None] = mapped_column("articleId", Id)
    reply_to_source_id: Mapped[str | None] = mapped_column("replyToSourceId", char())
    author_source_id: Mapped[str] = mapped_column("authorSourceId", char())
    text: Mapped[str] = mapped_column(LongText)
    author: Mapped[Any] = mapped_column(Json, nullable=False)
    is_scored: Mapped[bool] = flag_column("isScored", default=False, nullable=False)
    is_accepted: Mapped[bool | None] = flag_column("isAccepted", default=None)
    is_deferred: Mapped[bool | None] = flag_column("isDeferred", default=False)
    is_highlighted: Mapped[bool | None] = flag_column("isHighlighted", default=False)
    is_batch_resolved: Mapped[bool | None] = flag_column("isBatchResolved", default=False)
    is_auto_resolved: Mapped[bool | None] = flag_column("isAutoResolved", default=False)
    source_created_at: Mapped[datetime | None] = mapped_column("sourceCreatedAt", Moment)
    sent_for_scoring: Mapped[datetime | None] = mapped_column("sentForScoring", Moment)
    extra: Mapped[Any] = mapped_column(Json, nullable=True)
    sent_back_to_publisher: Mapped[datetime | None] = mapped_column("sentBackToPublisher", Moment)
    is_moderated: Mapped[bool] = flag_column("isModerated", default=False, nullable=False)
    reply_id: Mapped[int | None] = mapped_column("replyId", Id)
    max_summary_score: Mapped[float | None] = mapped_column("maxSummaryScore", Single)
    max_summary_score_tag_id: Mapped[int | None] = mapped_column("maxSummaryScoreTagId", Id)
    owner_id: Mapped[int | None] = mapped_column("ownerId", Id)
    unresolved_flags_count: Mapped[int] = mapped_column(
        "unresolvedFlagsCount", Id, default=0, server_default=sql("0")
    )
    flags_summary: Mapped[dict[str, list[int]] | None] = mapped_column("flagsSummary", Json)

    __table_args__ = (
        *key("comments", "authorSourceId_index", "authorSourceId"),
        *key("comments", "replyToSourceId_index", "replyToSourceId"),
        *key("comments", "isAccepted_index", "isAccepted"),
        *key("comments", "isDeferred_index", "isDeferred"),
        *key("comments", "isHighlighted_index", "isHighlighted"),
        *key("comments", "isBatchResolved_index", "isBatchResolved"),
        *key("comments", "isAutoResolved_index", "isAutoResolved"),
        *key("comments", "sentForScoring_index", "sentForScoring"),
        *key("comments", "sentBackToPublisher_index", "sentBackToPublisher"),
        *key("comments", "replyId_index", "replyId"),
        *key("comments", "maxSummaryScore_index", "maxSummaryScore"),
        *key("comments", "maxSummaryScoreTagId_index", "maxSummaryScoreTagId"),
        *key("comments", "articleId", "articleId"),
        *key("comments", "ownerId", "ownerId"),
        Index("comments_text", "text", mysql_prefix="FULLTEXT", mariadb_prefix="FULLTEXT").ddl_if(
            callable_=not_sqlite
        ),
        ForeignKeyConstraint(
            ["articleId"], ["articles.id"], "comments_ibfk_1", ondelete="SET NULL", onupdate="CASCADE"
        ),
        ForeignKeyConstraint(
            ["replyId"], ["comments.id"], "comments_ibfk_2", ondelete="SET NULL", onupdate="CASCADE"
        ),
        ForeignKeyConstraint(
            ["ownerId"], ["users.id"], "comments_ibfk_3", ondelete="SET NULL", onupdate="CASCADE"
        ),
        OSMOD_TABLE_OPTIONS,
    )


class CommentSize(Base):
    """How high a comment's text stands at a given width, both in CSS pixels."""

    __tablename__ = "comment_sizes"

    comment_id: Mapped[int] = mapped_column("commentId", Id, primary_key=True, autoincrement=False)
    width: Mapped[int] = mapped_column(Id)
    height: Mapped[int] = mapped_column(Id)
    created_at: Mapped[datetime] = mapped_column(
        "createdAt", Moment, default=now, server_default=sql("CURRENT_TIMESTAMP")
    )
    updated_at: Mapped[datetime] = mapped_column(
        "updatedAt", Moment, default=now, server_default=sql("CURRENT_TIMESTAMP")
    )

    __table_args__ = (
        *key("comment_sizes", "commentId_width_index", "commentId", "width", unique=True),
        ForeignKeyConstraint(
            ["commentId"], ["comments.id"], "comment_sizes_ibfk_1", ondelete="CASCADE", onupdate="CASCADE"
        ),
        OSMOD_TABLE_OPTIONS,
    )
