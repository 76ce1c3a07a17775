"""`tags`: what scorers call attributes and moderators call tags."""

from __future__ import annotations

from sqlalchemy.orm import Mapped, mapped_column

from osmod.moderation.models.base import OSMOD_TABLE_OPTIONS, Base, Stamped, flag_column, key
from osmod.moderation.models.types import Id, char

#: The key of the tag that stands for a comment's highest summary score.
SUMMARY_SCORE = "SUMMARY_SCORE"


class Tag(Stamped, Base):
    """An attribute. `key` is unique without regard to case."""

    __tablename__ = "tags"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    label: Mapped[str] = mapped_column(char())
    color: Mapped[str] = mapped_column(char())
    attribute: Mapped[str] = mapped_column("key", char())
    description: Mapped[str | None] = mapped_column(char())
    is_in_batch_view: Mapped[bool] = flag_column("isInBatchView", default=False, nullable=False)
    in_summary_score: Mapped[bool] = flag_column("inSummaryScore", default=False, nullable=False)
    is_taggable: Mapped[bool] = flag_column("isTaggable", default=False, nullable=False)

    __table_args__ = (*key("tags", "tags_key", "key", unique=True), OSMOD_TABLE_OPTIONS)
