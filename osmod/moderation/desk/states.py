"""What a comment is at this moment, in a word, and a mark by which a later look sees that it has changed."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal
from zlib import crc32

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from osmod.moderation.models import Comment, Decision

#: What was decided on a comment so far.
State = Literal["undecided", "accepted", "rejected", "deferred"]


def state_of(comment: Comment) -> State:
    """What was decided on a comment, whoever did."""
    if comment.is_accepted is not None:
        return "accepted" if comment.is_accepted else "rejected"
    return "deferred" if comment.is_deferred else "undecided"


def last_decisions(session: Session, comment_ids: Collection[int]) -> dict[int, int]:
    """The id of each comment's last decision; none of those on which there is no decision."""
    found = session.execute(
        select(Decision.comment_id, func.max(Decision.id))
        .where(Decision.comment_id.in_(comment_ids))
        .group_by(Decision.comment_id)
    )
    return {comment_id or 0: decision_id for comment_id, decision_id in found.all()}


def marks(session: Session, comments: list[Comment]) -> dict[int, str]:
    """For each comment a mark that another one follows once somebody or something has decided on it, its text was
    changed, or readers flagged it: what was read is not what an act would be about any more."""
    last = last_decisions(session, [comment.id for comment in comments])
    return {one.id: _mark(one, last.get(one.id)) for one in comments}


def _mark(comment: Comment, decision_id: int | None) -> str:
    highlighted = "-highlighted" if comment.is_highlighted else ""
    text = crc32(comment.text.encode(errors="surrogatepass"))
    return f"{state_of(comment)}{highlighted}-{decision_id or 0}-{comment.unresolved_flags_count}-{text:x}"
