"""Our own tables: decisions on their way to the systems that the comments came from, and how these answered."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from osmod.moderation.models.base import Base
from osmod.moderation.models.delivery import OWN_TABLE_OPTIONS
from osmod.moderation.models.types import Id, JsonObject, Moment, now

#: `waiting`: to be told, now or later. `held`: its publisher is disabled. `delivered`: acknowledged.
#: `superseded`: could not be delivered before a newer decision replaced it. `failed`: given up.
DeliveryState = Literal["waiting", "held", "delivered", "superseded", "failed"]


class DecisionDelivery(Base):
    """One decision that a comment's owner must be told of, written in the decision's transaction.

    Those of one comment are delivered in the order of their ids. `claim` is the token of the worker that is telling
    it; its claim ends at `next_attempt_at`.
    """

    __tablename__ = "osmod_worker_deliveries"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    #: The same on every attempt.
    message_id: Mapped[str] = mapped_column(String(64))
    comment_id: Mapped[int] = mapped_column(Id)
    decision_id: Mapped[int] = mapped_column(Id)
    owner_id: Mapped[int] = mapped_column(Id)
    #: Which of its comment's decisions it is, counted from 1.
    sequence: Mapped[int] = mapped_column(Id)
    event: Mapped[str] = mapped_column(String(32))
    #: What is told, as it was when it was decided; None: somebody spoilt it.
    data: Mapped[dict[str, Any] | None] = mapped_column(JsonObject, nullable=False)
    state: Mapped[DeliveryState] = mapped_column(String(16), default="waiting")
    #: Attempts that ended otherwise than with an acknowledgement, since it last began to wait.
    failures: Mapped[int] = mapped_column(Id, default=0)
    next_attempt_at: Mapped[datetime] = mapped_column(Moment, default=now)
    #: Set by the first attempt.
    give_up_at: Mapped[datetime | None] = mapped_column(Moment)
    claim: Mapped[str | None] = mapped_column(String(36))
    created_at: Mapped[datetime] = mapped_column(Moment, default=now)
    #: When it was delivered, superseded or given up.
    settled_at: Mapped[datetime | None] = mapped_column(Moment)

    __table_args__ = (
        Index("osmod_worker_deliveries_message_id", "message_id", unique=True),
        Index("osmod_worker_deliveries_comment_id", "comment_id"),
        Index("osmod_worker_deliveries_state_next_attempt_at", "state", "next_attempt_at"),
        Index("osmod_worker_deliveries_owner_id_state_settled_at", "owner_id", "state", "settled_at"),
        Index("osmod_worker_deliveries_settled_at", "settled_at"),
        OWN_TABLE_OPTIONS | {"sqlite_autoincrement": True},
    )


class DeliveryAttempt(Base):
    """One attempt to deliver a decision, and what came of it."""

    __tablename__ = "osmod_worker_delivery_attempts"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    delivery_id: Mapped[int] = mapped_column(Id)
    at: Mapped[datetime] = mapped_column(Moment)
    milliseconds: Mapped[int] = mapped_column(Id)
    #: The status of the HTTP answer; None: there was none.
    status: Mapped[int | None] = mapped_column(Id)
    #: What went wrong, in a sentence; None: it was acknowledged.
    error: Mapped[str | None] = mapped_column(Text)
    #: The beginning of the answer.
    answer: Mapped[str] = mapped_column(Text)

    __table_args__ = (Index("osmod_worker_delivery_attempts_delivery_id", "delivery_id"), OWN_TABLE_OPTIONS)


class PublisherStanding(Base):
    """How a publisher (the user that owns comments) is doing. One without a row is doing well."""

    __tablename__ = "osmod_worker_publishers"

    owner_id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    #: Nothing is delivered from then on, until somebody enables it.
    disabled_at: Mapped[datetime | None] = mapped_column(Moment)
    #: By whom or what, and why; of one that is not disabled, why its last attempt failed.
    reason: Mapped[str] = mapped_column(Text, default="")
    #: Attempts that failed one after the other, whichever decisions they were about.
    failures: Mapped[int] = mapped_column(Id, default=0)
    #: No attempt is made before.
    paused_until: Mapped[datetime | None] = mapped_column(Moment)

    __table_args__ = (OWN_TABLE_OPTIONS,)
