"""Our own table: which comment a publisher's id means. OSMod's `comments.sourceId` has no index."""

from __future__ import annotations

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from osmod.moderation.models.base import Base
from osmod.moderation.models.delivery import OWN_TABLE_OPTIONS
from osmod.moderation.models.types import Id


def exact(length: int) -> String:
    """Text compared letter by letter, so that "Ab" and "ab" are two."""
    return String(length).with_variant(String(length, collation="utf8mb4_bin"), "mysql", "mariadb")


class CommentSource(Base):
    """One comment by its publisher's id. A row outlives a comment that another program deleted."""

    __tablename__ = "osmod_worker_sources"

    source_id: Mapped[str] = mapped_column(exact(255), primary_key=True)
    comment_id: Mapped[int] = mapped_column(Id)

    __table_args__ = (OWN_TABLE_OPTIONS,)
