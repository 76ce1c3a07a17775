"""`users`: moderators, owners, and the scorers (group `moderator`)."""

from __future__ import annotations

from typing import Any, Literal

from sqlalchemy import ColumnElement, Enum, and_
from sqlalchemy.orm import Mapped, mapped_column

from osmod.moderation.models.base import OSMOD_TABLE_OPTIONS, Base, Stamped, flag_column, key
from osmod.moderation.models.types import Id, Json, char

#: Who a user is. `moderator` means a scorer, not a person.
Group = Literal["general", "admin", "service", "moderator", "youtube"]


class User(Stamped, Base):
    """A person or a program. A scorer's `extra` says where and how it is asked."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    group: Mapped[Group] = mapped_column(
        Enum("general", "admin", "service", "moderator", "youtube", native_enum=True, create_constraint=False)
    )
    name: Mapped[str] = mapped_column(char())
    email: Mapped[str | None] = mapped_column(char())
    is_active: Mapped[bool] = flag_column("isActive", default=False, nullable=False)
    extra: Mapped[Any] = mapped_column(Json, nullable=True)
    avatar_url: Mapped[str | None] = mapped_column("avatarURL", char())

    __table_args__ = (
        *key("users", "users_email_group", "email", "group", unique=True),
        *key("users", "group_index", "group"),
        *key("users", "isActive_index", "isActive"),
        *key("users", "users_email", "email"),
        OSMOD_TABLE_OPTIONS,
    )


#: Who is a scorer, and switched on.
IS_SCORING: ColumnElement[bool] = and_(User.group == "moderator", User.is_active.is_(True))
