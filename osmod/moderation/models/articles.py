"""`categories` and `articles`, with the counts that moderators see."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKeyConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from osmod.moderation.models.base import OSMOD_TABLE_OPTIONS, Base, Stamped, flag_column, key
from osmod.moderation.models.types import Id, Json, LongText, Moment, char


def _count(column: str) -> Any:
    return mapped_column(column, Id, default=0, server_default=text("0"))


class _Counted:
    """How many comments are in which state. Kept by differences: see `osmod.moderation.counts`."""

    all_count: Mapped[int] = _count("allCount")
    unprocessed_count: Mapped[int] = _count("unprocessedCount")
    unmoderated_count: Mapped[int] = _count("unmoderatedCount")
    moderated_count: Mapped[int] = _count("moderatedCount")
    highlighted_count: Mapped[int] = _count("highlightedCount")
    approved_count: Mapped[int] = _count("approvedCount")
    rejected_count: Mapped[int] = _count("rejectedCount")
    deferred_count: Mapped[int] = _count("deferredCount")
    flagged_count: Mapped[int] = _count("flaggedCount")
    batched_count: Mapped[int] = _count("batchedCount")


#: The attributes of `Article` and `Category` that count comments.
COUNTS = tuple(attribute for attribute in _Counted.__annotations__)


class Category(_Counted, Stamped, Base):
    """A section of the site. Its counts are the sums of its articles'."""

    __tablename__ = "categories"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    label: Mapped[str] = mapped_column(char())
    is_active: Mapped[bool | None] = flag_column("isActive", default=True)
    extra: Mapped[Any] = mapped_column(Json, nullable=True)
    source_id: Mapped[str | None] = mapped_column("sourceId", char())
    owner_id: Mapped[int | None] = mapped_column("ownerId", Id)

    __table_args__ = (
        *key("categories", "label_index", "label", unique=True),
        *key("categories", "ownerId", "ownerId"),
        ForeignKeyConstraint(
            ["ownerId"], ["users.id"], "categories_ibfk_2", ondelete="SET NULL", onupdate="CASCADE"
        ),
        OSMOD_TABLE_OPTIONS,
    )


class Article(_Counted, Stamped, Base):
    """What is commented on."""

    __tablename__ = "articles"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    source_id: Mapped[str] = mapped_column("sourceId", char())
    title: Mapped[str] = mapped_column(char())
    text: Mapped[str] = mapped_column(LongText, deferred=True)
    is_auto_moderated: Mapped[bool] = flag_column("isAutoModerated", default=True, nullable=False)
    url: Mapped[str] = mapped_column(char())
    extra: Mapped[Any] = mapped_column(Json, nullable=True)
    category_id: Mapped[int | None] = mapped_column("categoryId", Id)
    source_created_at: Mapped[datetime | None] = mapped_column("sourceCreatedAt", Moment)
    owner_id: Mapped[int | None] = mapped_column("ownerId", Id)
    last_moderated_at: Mapped[datetime | None] = mapped_column("lastModeratedAt", Moment)
    is_commenting_enabled: Mapped[bool] = flag_column("isCommentingEnabled", default=True, nullable=False)

    __table_args__ = (
        *key("articles", "sourceId_index", "sourceId", unique=True),
        *key("articles", "categoryId", "categoryId"),
        *key("articles", "ownerId", "ownerId"),
        ForeignKeyConstraint(
            ["categoryId"], ["categories.id"], "articles_ibfk_1", ondelete="SET NULL", onupdate="CASCADE"
        ),
        ForeignKeyConstraint(
            ["ownerId"], ["users.id"], "articles_ibfk_2", ondelete="SET NULL", onupdate="CASCADE"
        ),
        OSMOD_TABLE_OPTIONS,
    )
