"""Finding what a job names, in OSMod's order and with OSMod's words where it is missing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from sqlalchemy import Table, bindparam, select
from sqlalchemy.orm import Session, load_only

from osmod.moderation.errors import tag_not_found, user_not_found
from osmod.moderation.models import Article, Comment, Tag, User
from osmod.moderation.work import Work

_users, _tags = (cast("Table", model.__table__) for model in (User, Tag))
_USER = select(_users.c.id).where(_users.c.id == bindparam("id"))
_TAG = select(_tags.c.id).where(_tags.c.id == bindparam("id"))
_GONE_BY = load_only(Article.category_id, Article.is_auto_moderated)


def find_user(work: Work, user_id: int | None) -> int | None:
    """The id of an existing user; None for none (OSMod takes 0 for none too).

    Raises:
      NotFound: there is no such user.
    """
    if not user_id:
        return None
    if work.connection.scalar(_USER, {"id": user_id}) is None:
        raise user_not_found(user_id)
    return user_id


def find_tag(work: Work, tag_id: int) -> int:
    """The id of an existing tag.

    Raises:
      NotFound: there is no such tag.
    """
    if work.connection.scalar(_TAG, {"id": tag_id}) is None:
        raise tag_not_found(tag_id)
    return tag_id


def lock_comment(session: Session, comment_id: int) -> Comment | None:
    """The comment, its row locked until the commit: whoever changes its state goes through here, or `lock_state`."""
    return session.get(Comment, comment_id, with_for_update=True)


def lock_comments(session: Session, comment_ids: Iterable[int]) -> None:
    """Lock several rows in the order of their ids: transactions on the same comments then wait for each other, and
    none for one that waits for it. Before anything else is locked, as articles are after their comments.
    """
    named = Comment.id.in_(set(comment_ids))
    session.execute(select(Comment.id).where(named).order_by(Comment.id).with_for_update())


def find_article(session: Session, comment: Comment) -> Article | None:
    """The comment's article, or None where it has none. Only what tasks go by is read of it."""
    if comment.article_id is None:
        return None
    return session.get(Article, comment.article_id, options=[_GONE_BY])
