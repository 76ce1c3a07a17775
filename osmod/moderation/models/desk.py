"""Our own tables: who is at which comment, what moderators did at the desk, and who changed which rule."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from osmod.moderation.models.base import Base
from osmod.moderation.models.delivery import OWN_TABLE_OPTIONS
from osmod.moderation.models.types import Id, Json, Moment, now


class Claim(Base):
    """A comment that a moderator has open, or has decided on while the job is on its way.

    Attributes:
      since: when it was opened.
      until: from then on it is anybody's; where something was done to it, asked whether that is over.
      form: of what was done to it; None: it is only looked at.
    """

    __tablename__ = "osmod_worker_claims"

    comment_id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    user_id: Mapped[int] = mapped_column(Id)
    since: Mapped[datetime] = mapped_column(Moment)
    until: Mapped[datetime] = mapped_column(Moment)
    form: Mapped[str | None] = mapped_column(String(36))

    __table_args__ = (Index("osmod_worker_claims_user_id", "user_id"), OWN_TABLE_OPTIONS)


class DeskAct(Base):
    """Something a moderator did to one comment or to many at once.

    Attributes:
      form: the id of the form that it was done by, so that one sent twice acts once.
      act: its name.
      detail: of a tag: `{tag_id, start, end}`; of a rejection with a reason: `{tag_id}`.
      comments: what it was done to, and what that was before: `[{id, job, also, was, highlighted, decision, resolved,
        said}]`: the ids of the messages of its job and of further ones; state, highlight and last decision; flags that
        were resolved already; of a rejection with a reason what had been said of that score (null: there was none).
      undoes: the form of the act that this one takes back.
    """

    __tablename__ = "osmod_worker_acts"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    form: Mapped[str] = mapped_column(String(36))
    user_id: Mapped[int] = mapped_column(Id)
    act: Mapped[str] = mapped_column(String(16))
    at: Mapped[datetime] = mapped_column(Moment, default=now)
    detail: Mapped[dict[str, Any]] = mapped_column(Json, nullable=False)
    comments: Mapped[list[dict[str, Any]]] = mapped_column(Json, nullable=False)
    undoes: Mapped[str | None] = mapped_column(String(36))

    __table_args__ = (
        Index("osmod_worker_acts_form", "form", unique=True),
        Index("osmod_worker_acts_user_id", "user_id"),
        OWN_TABLE_OPTIONS,
    )


class RuleChange(Base):
    """A rule that somebody made, changed or deleted. `before` and `after`: the rule's columns; None: there was none."""

    __tablename__ = "osmod_worker_rule_changes"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    rule_id: Mapped[int] = mapped_column(Id)
    user_id: Mapped[int] = mapped_column(Id)
    at: Mapped[datetime] = mapped_column(Moment, default=now)
    before: Mapped[Any] = mapped_column(Json, nullable=True)
    after: Mapped[Any] = mapped_column(Json, nullable=True)

    __table_args__ = (Index("osmod_worker_rule_changes_rule_id", "rule_id"), OWN_TABLE_OPTIONS)
