"""Asking the scorers: which to ask, what to show them, and which comments to ask about again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from osmod.moderation.errors import NotFound, comment_not_found
from osmod.moderation.lookups import lock_comment
from osmod.moderation.models import Article, Comment, CommentScoreRequest, User, now
from osmod.moderation.plain_text import strip_tags, utf16_length
from osmod.moderation.work import Work

#: How long a comment's scores may take before its scorers are asked again.
ANSWER_WAIT = timedelta(minutes=5)


@dataclass(frozen=True)
class Asked:
    """A scorer that has an open request for the comment. `config` is its `users.extra`."""

    user_id: int
    request_id: int
    config: Any


@dataclass(frozen=True)
class Sending:
    """What is shown to the scorers of one comment, all without tags; `text_length` in UTF-16 units, with them."""

    comment_id: int
    text: str
    text_length: int
    #: The article's text, then the parent comment's, where there are such.
    context: tuple[str, ...]
    asked: tuple[Asked, ...]


def active_scorers(session: Session) -> Sequence[User]:
    """The users that are scorers and switched on, by id."""
    scorers = select(User).where(User.group == "moderator", User.is_active.is_(True))
    return session.scalars(scorers.order_by(User.id)).all()


def open_requests(work: Work, comment_id: int, is_usable: Callable[[User], bool]) -> Sending:
    """Replace the comment's request to each active scorer by a new one, and say what to send.

    Scorers that are not `is_usable` (badly configured) are passed over and keep their old request. Without
    an active scorer nothing is written.

    Raises:
      NotFound: there is no such comment.
    """
    comment = lock_comment(work.session, comment_id)
    if comment is None:
        raise NotFound(f"sendCommentForScoringTask: Comment not found, id: {comment_id}")
    scorers = active_scorers(work.session)
    usable = [scorer for scorer in scorers if is_usable(scorer)]
    replaced = CommentScoreRequest.user_id.in_([scorer.id for scorer in usable])
    work.session.execute(
        delete(CommentScoreRequest)
        .where(CommentScoreRequest.comment_id == comment_id, replaced)
        .execution_options(synchronize_session=False)
    )
    requests = [
        CommentScoreRequest(comment_id=comment_id, user_id=scorer.id, sent_at=work.now) for scorer in usable
    ]
    work.session.add_all(requests)
    if scorers:
        comment.sent_for_scoring = work.now
    work.session.flush()
    asked = [Asked(s.id, r.id, s.extra) for s, r in zip(usable, requests, strict=True)]
    return _sending(work.session, comment, asked)


def still_open(session: Session, comment_id: int) -> Sending:
    """What is left to send for a comment whose requests were opened before: those not answered yet.

    Raises:
      NotFound: the comment has been deleted since.
    """
    comment = session.get(Comment, comment_id)
    if comment is None:
        raise comment_not_found(comment_id)
    statement = (
        select(User.id, CommentScoreRequest.id, User.extra)
        .join(User, User.id == CommentScoreRequest.user_id)
        .where(
            CommentScoreRequest.comment_id == comment_id,
            CommentScoreRequest.done_at.is_(None),
            User.group == "moderator",
            User.is_active.is_(True),
        )
        .order_by(CommentScoreRequest.id)
    )
    return _sending(session, comment, [Asked(*row) for row in session.execute(statement)])


def comments_to_resend(session: Session, limit: int) -> list[int]:
    """The ids of at most `limit` undecided comments whose scores are overdue, longest waiting first.

    Those that were never sent (quirk 14) wait from their creation. None where no scorer is active.
    """
    if not active_scorers(session):
        return []
    since = func.coalesce(Comment.sent_for_scoring, Comment.created_at)
    overdue = (
        Comment.is_accepted.is_(None),
        Comment.is_scored.is_(False),
        since < now() - ANSWER_WAIT,
    )
    return list(session.scalars(select(Comment.id).where(*overdue).order_by(since, Comment.id).limit(limit)))


def _sending(session: Session, comment: Comment, asked: Sequence[Asked]) -> Sending:
    article = session.scalar(select(Article.text).where(Article.id == comment.article_id))
    parent = session.scalar(select(Comment.text).where(Comment.id == comment.reply_id))
    return Sending(
        comment_id=comment.id,
        text=strip_tags(comment.text),
        text_length=utf16_length(comment.text),
        context=tuple(strip_tags(text) for text in (article, parent) if text is not None),
        asked=tuple(asked),
    )
