"""`comment_flags`: what readers say of a comment."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKeyConstraint, String
from sqlalchemy.orm import Mapped, mapped_column

from osmod.moderation.models.base import OSMOD_TABLE_OPTIONS, Base, Stamped, flag_column, key
from osmod.moderation.models.types import Id, Json, Moment, char


class CommentFlag(Stamped, Base):
    """A reader's flag or recommendation. `source_id` is the reader; one reader has one flag a comment."""

    __tablename__ = "comment_flags"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    source_id: Mapped[str | None] = mapped_column("sourceId", char())
    extra: Mapped[Any] = mapped_column(Json, nullable=True)
    comment_id: Mapped[int | None] = mapped_column("commentId", Id)
    label: Mapped[str] = mapped_column(char(80))
    detail: Mapped[str | None] = mapped_column(String(255))
    author_source_id: Mapped[str | None] = mapped_column("authorSourceId", char())
    is_resolved: Mapped[bool | None] = flag_column("isResolved", default=False)
    is_recommendation: Mapped[bool | None] = flag_column("isRecommendation", default=False)
    resolved_by_id: Mapped[int | None] = mapped_column("resolvedById", Id)
    resolved_at: Mapped[datetime | None] = mapped_column("resolvedAt", Moment)

    __table_args__ = (
        *key("comment_flags", "comment_flags_commentId_foreign_idx", "commentId"),
        *key("comment_flags", "comment_flags_resolvedById_foreign_idx", "resolvedById"),
        ForeignKeyConstraint(
            ["commentId"],
            ["comments.id"],
            "comment_flags_commentId_foreign_idx",
            ondelete="CASCADE",
            onupdate="CASCADE",
        ),
        ForeignKeyConstraint(
            ["resolvedById"], ["users.id"], "comment_flags_resolvedById_foreign_idx", ondelete="SET NULL"
        ),
        OSMOD_TABLE_OPTIONS,
    )
