"""Finding what a job names, in OSMod's order and with OSMod's words where it is missing."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session, load_only

from osmod.moderation.errors import (
    comment_not_found,
    comment_without_article,
    tag_not_found,
    user_not_found,
)
from osmod.moderation.models import Article, Comment, Tag, User

_USER = select(User.id).where(User.id == bindparam("id"))
_GONE_BY = load_only(Article.category_id, Article.is_auto_moderated)
_TAG = select(Tag.id).where(Tag.id == bindparam("id"))


def find_user(session: Session, user_id: int | None) -> int | None:
    """The id of an existing user; None for none (OSMod takes 0 for none too).

    Raises:
      NotFound: there is no such user.
    """
    if not user_id:
        return None
    if session.scalar(_USER, {"id": user_id}) is None:
        raise user_not_found(user_id)
    return user_id


def find_tag(session: Session, tag_id: int) -> int:
    """The id of an existing tag.

    Raises:
      NotFound: there is no such tag.
    """
    if session.scalar(_TAG, {"id": tag_id}) is None:
        raise tag_not_found(tag_id)
    return tag_id


def lock_comment(session: Session, comment_id: int) -> Comment | None:
    """The comment with its row locked until the commit: whoever changes a comment's state goes through here."""
    return session.get(Comment, comment_id, with_for_update=True)


def lock_comments(session: Session, comment_ids: Iterable[int]) -> None:
    """Lock several rows in the order of their ids: transactions on the same comments then wait for each other, and
    none for one that waits for it. Before anything else is locked, as articles are after their comments.
    """
    named = Comment.id.in_(set(comment_ids))
    session.execute(select(Comment.id).where(named).order_by(Comment.id).with_for_update())


def lock_comment_of_article(session: Session, comment_id: int) -> tuple[Comment, Article]:
    """The comment, locked, and its article.

    Raises:
      NotFound: there is no such comment.
      Conflict: it has no article; OSMod, too, refuses it.
    """
    comment = lock_comment(session, comment_id)
    if comment is None:
        raise comment_not_found(comment_id)
    article = find_article(session, comment)
    if article is None:
        raise comment_without_article(comment_id)
    return comment, article


def find_article(session: Session, comment: Comment) -> Article | None:
    """The comment's article, or None where it has none. Only what tasks go by is read of it."""
    if comment.article_id is None:
        return None
    return session.get(Article, comment.article_id, options=[_GONE_BY])
