"""Finding what a job names, in OSMod's order and with OSMod's words where it is missing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import cast

from sqlalchemy import Table, bindparam, select
from sqlalchemy.orm import Session, load_only

from osmod.moderation.errors import tag_not_found, user_not_found
from osmod.moderation.locking import in_order
from osmod.moderation.models import Article, Comment, Tag, User
from osmod.moderation.work import Work

_users, _tags = (cast("Table", model.__table__) for model in (User, Tag))
_USERS = select(_users.c.id).where(_users.c.id.in_(bindparam("ids", expanding=True)))
_TAGS = select(_tags.c.id).where(_tags.c.id.in_(bindparam("ids", expanding=True)))
_GONE_BY = load_only(Article.category_id, Article.is_auto_moderated)


def find_user(work: Work, user_id: int | None) -> int | None:
    """The id of an existing user; None for none (OSMod takes 0 for none too).

    Raises:
      NotFound: there is no such user.
    """
    return find_users(work, [user_id])[0]


def find_users(work: Work, user_ids: Sequence[int | None]) -> list[int | None]:
    """The same of several, in their order; the same one may be named often.

    Raises:
      NotFound: there is no such user.
    """
    named = sorted({user_id for user_id in user_ids if user_id})
    found = set(work.connection.scalars(_USERS, {"ids": named})) if named else set()
    for user_id in named:
        if user_id not in found:
            raise user_not_found(user_id)
    return [user_id or None for user_id in user_ids]


def check_tags(work: Work, tag_ids: Sequence[int]) -> None:
    """See to it that there are these tags.

    Raises:
      NotFound: there is no such tag.
    """
    named = sorted(set(tag_ids))
    found = set(work.connection.scalars(_TAGS, {"ids": named}))
    for tag_id in named:
        if tag_id not in found:
            raise tag_not_found(tag_id)


def lock_comment(session: Session, comment_id: int) -> Comment | None:
    """The comment, its row locked until the commit: whoever changes its state goes through here, or `lock_state`."""
    return session.get(Comment, comment_id, with_for_update=True)


def lock_comments(session: Session, comment_ids: Iterable[int]) -> None:
    """Lock several rows in the order of their ids: transactions on the same comments then wait for each other, and
    none for one that waits for it. Before anything else is locked, as articles are after their comments.
    """
    named = Comment.id.in_(set(comment_ids))
    session.execute(in_order(select(Comment.id).where(named)))


def find_article(session: Session, comment: Comment) -> Article | None:
    """The comment's article, or None where it has none. Only what tasks go by is read of it."""
    if comment.article_id is None:
        return None
    return session.get(Article, comment.article_id, options=[_GONE_BY])
