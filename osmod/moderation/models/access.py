"""Who may: OSMod's configuration, which holds the secret of its tokens, and the tokens that we gave out."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from osmod.moderation.models.base import OSMOD_TABLE_OPTIONS, Base, Stamped
from osmod.moderation.models.delivery import OWN_TABLE_OPTIONS
from osmod.moderation.models.types import Id, Json, Moment, char, now


class ConfigurationItem(Stamped, Base):
    """A part of OSMod's configuration by its name. `token`: how its tokens are signed."""

    __tablename__ = "configuration_items"

    id: Mapped[str] = mapped_column(char(), primary_key=True)
    data: Mapped[Any] = mapped_column(Json, nullable=False)

    __table_args__ = (OSMOD_TABLE_OPTIONS,)


class AccessToken(Base):
    """A token that we gave out; the token itself is kept nowhere. One without a row here is refused."""

    __tablename__ = "osmod_worker_tokens"

    #: The token's `jti`.
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    user_id: Mapped[int] = mapped_column(Id)
    #: What it is for, in the words of who made it.
    purpose: Mapped[str] = mapped_column(String(255))
    #: The role it is limited to; None: its user's.
    role: Mapped[str | None] = mapped_column(String(16))
    created_at: Mapped[datetime] = mapped_column(Moment, default=now)
    expires_at: Mapped[datetime | None] = mapped_column(Moment)
    revoked_at: Mapped[datetime | None] = mapped_column(Moment)

    __table_args__ = (OWN_TABLE_OPTIONS,)
