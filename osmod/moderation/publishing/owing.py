"""A decision and the news of it, owed to the comment's owner in one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import bindparam, func, select

from osmod.extra import fields_of
from osmod.moderation.errors import NotFound
from osmod.moderation.lookups import lock_comment
from osmod.moderation.models import Comment, Decision, DecisionDelivery, Status, User
from osmod.moderation.publishing.reasons import Recorded, data_of
from osmod.moderation.state import State
from osmod.moderation.work import Work
from osmod.publishers.registry import is_registered

#: The wire name of the job that tells publishers of a comment.
DELIVER: Final = "deliverDecision"
EVENTS: Final[Mapping[Status, str]] = {
    "Accept": "comment.accepted",
    "Reject": "comment.rejected",
    "Defer": "comment.deferred",
}
_OWNER = select(User.group, User.extra).where(User.id == bindparam("user"))
#: The current decision, unless it is owed.
_CURRENT = (
    select(Decision)
    .outerjoin(DecisionDelivery, DecisionDelivery.decision_id == Decision.id)
    .where(
        Decision.comment_id == bindparam("comment"),
        Decision.is_current_decision.is_(True),
        DecisionDelivery.id.is_(None),
    )
    .order_by(Decision.id.desc())
)
_SEQUENCE = select(func.count()).where(Decision.comment_id == bindparam("comment"))


def owe(work: Work, comment: Comment | State, decision: Decision | Recorded) -> None:
    """Owe the comment's owner the news of a decision, if the owner has a publisher that wants it.

    The comment is locked, so deliveries have the order of their decisions. Costs one statement where there is no
    publisher.
    """
    owner = work.session.execute(_OWNER, {"user": comment.owner_id}).one_or_none()
    if owner is None or not _is_told(owner.group, owner.extra, event := EVENTS[decision.status]):
        return
    work.session.flush()
    work.session.add(
        DecisionDelivery(
            message_id=f"msg_{uuid4().hex}",
            comment_id=comment.id,
            decision_id=decision.id,
            owner_id=comment.owner_id,
            sequence=work.session.scalar(_SEQUENCE, {"comment": comment.id}),
            event=event,
            data=data_of(work.session, comment, decision),
            next_attempt_at=work.now,
            created_at=work.now,
        )
    )
    work.enqueue(DELIVER, comment_id=comment.id)


def owe_current(work: Work, owner_id: int, comment_id: int) -> None:
    """Owe the news of a comment's current decision, which another program recorded; nothing if that is owed already.

    Raises:
      NotFound: there is no such owner or comment.
    """
    if work.session.get(User, owner_id) is None:
        raise NotFound(f"No user with ID {owner_id}")
    comment = lock_comment(work.session, comment_id)
    if comment is None:
        raise NotFound(f"No comment with ID {comment_id}")
    decision = work.session.scalars(_CURRENT, {"comment": comment_id}).first()
    if comment.owner_id is not None and decision is not None:
        owe(work, comment, decision)


def _is_told(group: str, extra: Any, event: str) -> bool:
    """Whether there is a publisher, however badly it is set up: then its operator has three days to mend that."""
    webhook = fields_of(extra).get("webhook")
    if webhook is None:
        return is_registered(group)
    events = webhook.get("events") if isinstance(webhook, dict) else None
    if not isinstance(events, list) or any(one not in EVENTS.values() for one in events):
        return True
    return event in events
