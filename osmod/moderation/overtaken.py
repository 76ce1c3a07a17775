"""Jobs that failed and are run again: what moderators decided meanwhile is not overridden by them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select

from osmod.moderation.errors import Conflict
from osmod.moderation.models import Decision
from osmod.moderation.work import Work


def refuse_overtaken(work: Work, comment_ids: Collection[int]) -> None:
    """Refuse a job to decide on comments on which a person decided while it was out of its queue.

    What was decided before is what it was meant to follow upon, and what is decided since it waits again has its turn.
    The comments are locked, so nobody decides meanwhile. Times of OSMod's decisions have whole seconds.

    Raises:
      Conflict: one did. Of several jobs in one transaction each is tried by itself then.
    """
    away = [one.out_of_queue for one in work.deliveries if one.out_of_queue is not None]
    if not away:
        return
    since, until = min(one[0] for one in away), max(one[1] for one in away)
    decision = work.session.scalars(
        select(Decision)
        .where(
            Decision.comment_id.in_(comment_ids),
            Decision.source == "User",
            Decision.created_at >= _whole(since),
            Decision.created_at < _whole(until),
        )
        .order_by(Decision.id.desc())
        .limit(1)
    ).first()
    if decision is not None:
        raise Conflict(
            f"comment {decision.comment_id} is left as it is: after this job had failed, and before it was run again, "
            f"user {decision.user_id} decided {decision.status} ({decision.created_at:%Y-%m-%d %H:%M:%S}); "
            "who means it otherwise decides anew"
        )


def _whole(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)
