"""Which request to a scorer an answer is for, and whether it may still be answered."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from osmod.moderation.errors import Conflict
from osmod.moderation.models import CommentScoreRequest, User


@dataclass(frozen=True)
class OpenRequest:
    """A request that waits for its answer."""

    id: int
    comment_id: int
    scorer_id: int


def find_request(session: Session, request_id: int) -> CommentScoreRequest | None:
    """The request that an answer is for, or None."""
    return session.get(CommentScoreRequest, request_id)


def check_open(session: Session, request: CommentScoreRequest) -> OpenRequest:
    """The comment and the scorer of a request, if it may still be answered.

    Raises:
      Conflict: it was answered, or names no comment, or no scorer that is switched on.
    """
    scorer = session.get(User, request.user_id) if request.user_id is not None else None
    if request.comment_id is None:
        raise Conflict(f"score request {request.id} names no comment any more: there is nothing to score")
    if scorer is None or scorer.group != "moderator":
        raise Conflict(f"score request {request.id} names no scorer any more: nobody is to answer it")
    if not scorer.is_active:
        raise Conflict(f"the scorer of score request {request.id}, user {scorer.id}, is switched off")
    if request.done_at is not None:
        raise Conflict(
            f"score request {request.id} was answered before: queue sendCommentForScoring to have the comment "
            f"{request.comment_id} scored again"
        )
    return OpenRequest(request.id, request.comment_id, scorer.id)
