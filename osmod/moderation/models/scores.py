"""What scorers were asked and what they answered: requests, span scores, summary scores, top scores."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Enum, ForeignKeyConstraint
from sqlalchemy.orm import Mapped, mapped_column

from osmod.moderation.models.base import OSMOD_TABLE_OPTIONS, Base, Stamped, flag_column, key
from osmod.moderation.models.types import Id, Json, Moment, Single, char

#: Who gave a score. A moderator's tag is a score of 1 from `Moderator`.
SourceType = Literal["User", "Moderator", "Machine"]


def _cascade(column: str, target: str, constraint: str) -> ForeignKeyConstraint:
    return ForeignKeyConstraint([column], [target], constraint, ondelete="CASCADE", onupdate="CASCADE")


def _set_null(column: str, target: str, constraint: str) -> ForeignKeyConstraint:
    return ForeignKeyConstraint([column], [target], constraint, ondelete="SET NULL", onupdate="CASCADE")


class CommentScoreRequest(Stamped, Base):
    """One asking of one scorer (`user_id`). Open until `done_at` is set."""

    __tablename__ = "comment_score_requests"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    comment_id: Mapped[int | None] = mapped_column("commentId", Id)
    sent_at: Mapped[datetime] = mapped_column("sentAt", Moment)
    done_at: Mapped[datetime | None] = mapped_column("doneAt", Moment)
    user_id: Mapped[int | None] = mapped_column("userId", Id)

    __table_args__ = (
        *key("comment_score_requests", "commentId", "commentId"),
        *key("comment_score_requests", "userId_foreign_idx", "userId"),
        _set_null("commentId", "comments.id", "comment_score_requests_ibfk_1"),
        _set_null("userId", "users.id", "userId_foreign_idx"),
        OSMOD_TABLE_OPTIONS,
    )


class CommentScore(Stamped, Base):
    """One attribute's score (0 to 1) of one span of the text; the span may be missing."""

    __tablename__ = "comment_scores"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    comment_id: Mapped[int | None] = mapped_column("commentId", Id)
    source_type: Mapped[SourceType] = mapped_column(
        "sourceType", Enum("User", "Moderator", "Machine", create_constraint=False)
    )
    source_id: Mapped[str | None] = mapped_column("sourceId", char())
    comment_score_request_id: Mapped[int | None] = mapped_column("commentScoreRequestId", Id)
    score: Mapped[float] = mapped_column(Single)
    annotation_start: Mapped[int | None] = mapped_column("annotationStart", Id)
    annotation_end: Mapped[int | None] = mapped_column("annotationEnd", Id)
    extra: Mapped[Any] = mapped_column(Json, nullable=True)
    tag_id: Mapped[int | None] = mapped_column("tagId", Id)
    is_confirmed: Mapped[bool | None] = flag_column("isConfirmed", default=None)
    confirmed_user_id: Mapped[int | None] = mapped_column("confirmedUserId", Id)
    user_id: Mapped[int | None] = mapped_column("userId", Id)

    __table_args__ = (
        *key("comment_scores", "commentScoreRequestId", "commentScoreRequestId"),
        *key("comment_scores", "commentId_index", "commentId"),
        *key("comment_scores", "tagId_foreign_idx", "tagId"),
        *key("comment_scores", "comment_scores_confirmed_user_id_foreign_idx", "confirmedUserId"),
        *key("comment_scores", "comment_scores_user_id_foreign_idx", "userId"),
        *key("comment_scores", "commentId_score_index", "commentId", "score"),
        *key("comment_scores", "commentId_score_tagId_index", "commentId", "score", "tagId"),
        _set_null("confirmedUserId", "users.id", "comment_scores_confirmed_user_id_foreign_idx"),
        _cascade("commentId", "comments.id", "comment_scores_ibfk_1"),
        _set_null("commentScoreRequestId", "comment_score_requests.id", "comment_scores_ibfk_2"),
        _set_null("userId", "users.id", "comment_scores_user_id_foreign_idx"),
        _cascade("tagId", "tags.id", "tagId_foreign_idx"),
        OSMOD_TABLE_OPTIONS,
    )


_CONFIRMED_BY = "comment_summary_scores_confirmed_user_id_foreign_idx"


class CommentSummaryScore(Base):
    """One attribute's score (0 to 1) of the whole comment."""

    __tablename__ = "comment_summary_scores"

    comment_id: Mapped[int] = mapped_column("commentId", Id, primary_key=True, autoincrement=False)
    tag_id: Mapped[int] = mapped_column("tagId", Id, primary_key=True, autoincrement=False)
    score: Mapped[float] = mapped_column(Single)
    is_confirmed: Mapped[bool | None] = flag_column("isConfirmed", default=None)
    confirmed_user_id: Mapped[int | None] = mapped_column("confirmedUserId", Id)

    __table_args__ = (
        *key("comment_summary_scores", "commentId_tagId_index", "commentId", "tagId", unique=True),
        *key("comment_summary_scores", "tagId", "tagId"),
        *key(
            "comment_summary_scores",
            "comment_summary_scores_confirmed_user_id_foreign_idx",
            "confirmedUserId",
        ),
        _set_null("confirmedUserId", "users.id", "comment_summary_scores_confirmed_user_id_foreign_idx"),
        _cascade("commentId", "comments.id", "comment_summary_scores_ibfk_1"),
        _cascade("tagId", "tags.id", "comment_summary_scores_ibfk_2"),
        OSMOD_TABLE_OPTIONS,
    )


class CommentTopScore(Base):
    """The highest scored span of one attribute in a comment."""

    __tablename__ = "comment_top_scores"

    comment_id: Mapped[int] = mapped_column("commentId", Id, primary_key=True, autoincrement=False)
    tag_id: Mapped[int] = mapped_column("tagId", Id, primary_key=True, autoincrement=False)
    comment_score_id: Mapped[int | None] = mapped_column("commentScoreId", Id)

    __table_args__ = (
        *key("comment_top_scores", "commentId_tagId_index", "commentId", "tagId", unique=True),
        *key("comment_top_scores", "tagId", "tagId"),
        *key("comment_top_scores", "commentScoreId", "commentScoreId"),
        _cascade("commentId", "comments.id", "comment_top_scores_ibfk_1"),
        _cascade("tagId", "tags.id", "comment_top_scores_ibfk_2"),
        _set_null("commentScoreId", "comment_scores.id", "comment_top_scores_ibfk_3"),
        OSMOD_TABLE_OPTIONS,
    )
