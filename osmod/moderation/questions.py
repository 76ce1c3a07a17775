"""What one scorer is shown of one comment: read as late as possible, so that it is the text as it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, select
from sqlalchemy.orm import Session, aliased

from osmod.moderation.models import IS_SCORING, Article, Comment, CommentScoreRequest, User
from osmod.moderation.plain_text import strip_tags, utf16_length

_Parent = aliased(Comment)
# Made once, and one for all: to make a statement takes longer than to run it.
_OPEN = (
    select(
        CommentScoreRequest.id.label("request_id"),
        CommentScoreRequest.sent_at,
        User.id.label("scorer_id"),
        User.extra.label("config"),
        Comment.id.label("comment_id"),
        Comment.text.label("comment"),
        Article.id.label("article_id"),
        Article.text.label("article"),
        _Parent.id.label("parent_id"),
        _Parent.text.label("parent"),
    )
    .join(User, User.id == CommentScoreRequest.user_id)
    .join(Comment, Comment.id == CommentScoreRequest.comment_id)
    .outerjoin(Article, Article.id == Comment.article_id)
    .outerjoin(_Parent, _Parent.id == Comment.reply_id)
    .where(CommentScoreRequest.done_at.is_(None), IS_SCORING)
)
_SOME = _OPEN.where(CommentScoreRequest.id.in_(bindparam("requests", expanding=True)))


@dataclass(frozen=True)
class Text:
    """A comment or an article: its id, and its text as it is stored, with tags."""

    id: int
    html: str

    @property
    def plain(self) -> str:
        """The text without tags; entities as they are."""
        return strip_tags(self.html)

    @property
    def length(self) -> int:
        """The length with tags, in UTF-16 units."""
        return utf16_length(self.html)


@dataclass(frozen=True)
class OpenQuestion:
    """A request that waits for its answer, and what is to be scored. `config` is the scorer's `users.extra`."""

    request_id: int
    sent_at: datetime
    scorer_id: int
    config: Any
    comment: Text
    article: Text | None
    parent: Text | None


def open_questions(session: Session, request_ids: Sequence[int]) -> list[OpenQuestion]:
    """What is asked by these requests, in any order. Nothing by those answered or replaced, or whose scorer is off."""
    return [_question(row) for row in session.execute(_SOME, {"requests": request_ids})]


def _question(row: Row[Any]) -> OpenQuestion:
    return OpenQuestion(
        request_id=row.request_id,
        sent_at=row.sent_at,
        scorer_id=row.scorer_id,
        config=row.config,
        comment=Text(row.comment_id, row.comment),
        article=_text(row.article_id, row.article),
        parent=_text(row.parent_id, row.parent),
    )


def _text(row_id: int | None, html: str | None) -> Text | None:
    return Text(row_id, html) if row_id is not None and html is not None else None
