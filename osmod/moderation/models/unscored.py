"""Our own table: comments for which a scorer gave no scores, so that a person is to look at them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from osmod.moderation.models.base import Base
from osmod.moderation.models.delivery import OWN_TABLE_OPTIONS
from osmod.moderation.models.types import Id, Moment

#: Characters of a reason that are kept.
REASON_LENGTH = 1_000


class Unscored(Base):
    """One scorer that has given no scores for one comment since it was given up; gone once it has.

    Attributes:
      reason: what went wrong last, in a sentence.
      since: when it was given up first.
      times: how often the heartbeat has asked again since.
      again_at: when the heartbeat may ask again; None: never, the text itself cannot be scored.
    """

    __tablename__ = "osmod_worker_unscored"

    comment_id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    scorer_id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    reason: Mapped[str] = mapped_column(String(REASON_LENGTH))
    since: Mapped[datetime] = mapped_column(Moment)
    times: Mapped[int] = mapped_column(Id)
    again_at: Mapped[datetime | None] = mapped_column(Moment)

    __table_args__ = (OWN_TABLE_OPTIONS,)
