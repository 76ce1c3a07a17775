"""`moderation_rules` and `decisions`."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from sqlalchemy import Enum, ForeignKeyConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from osmod.moderation.models.base import OSMOD_TABLE_OPTIONS, Base, Stamped, flag_column, key
from osmod.moderation.models.types import Id, Moment, Single, now

#: What a rule asks for. Highlight means accept and highlight.
Action = Literal["Accept", "Reject", "Defer", "Highlight"]
#: What was decided.
Status = Literal["Accept", "Reject", "Defer"]
#: Who decided. A decision without a user is recorded as a rule's, with no rule named.
Source = Literal["User", "Rule"]


class ModerationRule(Stamped, Base):
    """Acts on comments whose summary score for `tag_id` lies within both thresholds (inclusive)."""

    __tablename__ = "moderation_rules"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    created_by: Mapped[int | None] = mapped_column("createdBy", Id)
    category_id: Mapped[int | None] = mapped_column("categoryId", Id)
    lower_threshold: Mapped[float] = mapped_column("lowerThreshold", Single)
    upper_threshold: Mapped[float] = mapped_column("upperThreshold", Single)
    action: Mapped[Action] = mapped_column(
        Enum("Accept", "Reject", "Defer", "Highlight", create_constraint=False)
    )
    tag_id: Mapped[int] = mapped_column("tagId", Id)

    __table_args__ = (
        *key("moderation_rules", "categoryId", "categoryId"),
        *key("moderation_rules", "tagId", "tagId"),
        ForeignKeyConstraint(
            ["tagId"], ["tags.id"], "moderation_rules_ibfk_1", ondelete="CASCADE", onupdate="CASCADE"
        ),
        ForeignKeyConstraint(
            ["categoryId"],
            ["categories.id"],
            "moderation_rules_ibfk_2",
            ondelete="CASCADE",
            onupdate="CASCADE",
        ),
        OSMOD_TABLE_OPTIONS,
    )


class Decision(Base):
    """What was decided on a comment, by whom. Only the newest is current."""

    __tablename__ = "decisions"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    comment_id: Mapped[int | None] = mapped_column("commentId", Id)
    user_id: Mapped[int | None] = mapped_column("userId", Id)
    moderation_rule_id: Mapped[int | None] = mapped_column("moderationRuleId", Id)
    status: Mapped[Status] = mapped_column(Enum("Accept", "Reject", "Defer", create_constraint=False))
    source: Mapped[Source] = mapped_column(Enum("User", "Rule", create_constraint=False))
    is_current_decision: Mapped[bool] = flag_column("isCurrentDecision", default=True, nullable=False)
    sent_back_to_publisher: Mapped[datetime | None] = mapped_column("sentBackToPublisher", Moment)
    created_at: Mapped[datetime] = mapped_column("createdAt", Moment, default=now)
    updated_at: Mapped[datetime] = mapped_column(
        "updatedAt", Moment, default=now, onupdate=now, server_default=text("CURRENT_TIMESTAMP")
    )

    __table_args__ = (
        *key("decisions", "commentId", "commentId"),
        *key("decisions", "userId", "userId"),
        *key("decisions", "moderationRuleId", "moderationRuleId"),
        ForeignKeyConstraint(
            ["commentId"], ["comments.id"], "decisions_ibfk_1", ondelete="CASCADE", onupdate="CASCADE"
        ),
        ForeignKeyConstraint(
            ["userId"], ["users.id"], "decisions_ibfk_2", ondelete="SET NULL", onupdate="CASCADE"
        ),
        ForeignKeyConstraint(
            ["moderationRuleId"],
            ["moderation_rules.id"],
            "decisions_ibfk_3",
            ondelete="SET NULL",
            onupdate="CASCADE",
        ),
        OSMOD_TABLE_OPTIONS,
    )
