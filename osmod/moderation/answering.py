"""Which request to a scorer an answer is for, and whether it may still be answered."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from osmod.moderation.errors import Conflict, NotFound
from osmod.moderation.models import CommentScoreRequest, User


@dataclass(frozen=True)
class OpenRequest:
    """A request that waits for its answer."""

    comment_id: int
    scorer_id: int


def find_open_request(session: Session, request_id: int | None) -> OpenRequest:
    """The request that an answer is for.

    Raises:
      NotFound: there is no such request.
      Conflict: it was answered, or names no comment, or no scorer that is switched on.
    """
    request = session.get(CommentScoreRequest, request_id) if request_id is not None else None
    if request is None:
        raise NotFound(f"Score request not found, id: {request_id}")
    scorer = session.get(User, request.user_id) if request.user_id is not None else None
    if request.comment_id is None:
        raise Conflict(f"score request {request_id} names no comment any more: there is nothing to score")
    if scorer is None or scorer.group != "moderator":
        raise Conflict(f"score request {request_id} names no scorer any more: nobody is to answer it")
    if not scorer.is_active:
        raise Conflict(f"the scorer of score request {request_id}, user {scorer.id}, is switched off")
    if request.done_at is not None:
        raise Conflict(
            f"score request {request_id} was answered before: queue sendCommentForScoring to have the comment "
            f"{request.comment_id} scored again"
        )
    return OpenRequest(request.comment_id, scorer.id)
