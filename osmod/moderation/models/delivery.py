"""Our own tables: which jobs have taken effect (inbox), and which jobs they still owe (outbox)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from osmod.moderation.models.base import Base
from osmod.moderation.models.types import Id, JsonObject, Moment, now

#: Ours hold all of Unicode.
OWN_TABLE_OPTIONS = {
    "mysql_engine": "InnoDB",
    "mysql_charset": "utf8mb4",
    "mariadb_engine": "InnoDB",
    "mariadb_charset": "utf8mb4",
}


class InboxEntry(Base):
    """A job whose effects are in the database, written in the same transaction as they were.

    A redelivery of the job finds its `message_id` here and changes nothing.
    """

    __tablename__ = "osmod_worker_inbox"

    message_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    actor: Mapped[str] = mapped_column(String(128))
    created_at: Mapped[datetime] = mapped_column(Moment, default=now)

    __table_args__ = (Index("osmod_worker_inbox_created_at", "created_at"), OWN_TABLE_OPTIONS)


class OutboxEntry(Base):
    """A job that must be queued because of a committed change; gone once the queue has it."""

    __tablename__ = "osmod_worker_outbox"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    message_id: Mapped[str] = mapped_column(String(64))
    actor: Mapped[str] = mapped_column(String(128))
    #: None: somebody spoilt them.
    arguments: Mapped[dict[str, Any] | None] = mapped_column(JsonObject, nullable=False)
    created_at: Mapped[datetime] = mapped_column(Moment, default=now)

    __table_args__ = (Index("osmod_worker_outbox_message_id", "message_id", unique=True), OWN_TABLE_OPTIONS)
