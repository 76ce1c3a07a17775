"""A new comment's first step: counted, measured and linked to the comment it answers."""

from __future__ import annotations

from typing import Any

from osmod.moderation import counts
from osmod.moderation.errors import BadPayload, comment_not_found
from osmod.moderation.lookups import find_article, lock_comment
from osmod.moderation.models import Comment, CommentSize
from osmod.moderation.sources import find_comment_id, remember_first
from osmod.moderation.text_size import text_height
from osmod.moderation.utf8mb3 import checked, storable
from osmod.moderation.work import Work

#: CSS pixels: how wide OSMod's pages set a comment.
WIDTH = 696
#: Characters that the publisher's ids have at most.
ID_LENGTH = 255


def add_comment(
    work: Work,
    *,
    source_id: str,
    article_id: int | None,
    text: str,
    author: dict[str, Any],
    author_source_id: str,
    reply_to_source_id: str | None = None,
) -> Comment:
    """Store a reader's comment and take its first step.

    `text` is HTML; characters that OSMod's column cannot hold become character references. Ids cannot be
    rewritten: raises `BadPayload` for one of more than 255 characters or with four-byte ones.
    """
    ids = {"sourceId": source_id, "authorSourceId": author_source_id, "replyToSourceId": reply_to_source_id}
    for field, value in ids.items():
        _check_id(field, value)
    comment = Comment(
        source_id=source_id,
        article_id=article_id,
        text=storable(text),
        author=author,
        author_source_id=author_source_id,
        reply_to_source_id=reply_to_source_id,
        source_created_at=work.now,
    )
    work.session.add(comment)
    work.session.flush()
    _first_step(work, comment)
    return comment


def post_process(work: Work, comment_id: int) -> None:
    """Take the first step for a comment that another program stored.

    Once a comment: its row in `comment_sizes` says that it was taken.

    Raises:
      NotFound: there is no such comment.
    """
    comment = lock_comment(work.session, comment_id)
    if comment is None:
        raise comment_not_found(comment_id)
    if work.session.get(CommentSize, comment_id) is None:
        _first_step(work, comment)


def _check_id(field: str, value: str | None) -> None:
    try:
        if value is not None and not 0 < len(checked(value)) <= ID_LENGTH:
            raise ValueError(f"an id has 1 to {ID_LENGTH} characters")
    except ValueError as error:
        raise BadPayload(f"{field}: {error} (it is {value!r:.80})") from None


def _first_step(work: Work, comment: Comment) -> None:
    session = work.session
    session.add(CommentSize(comment_id=comment.id, width=WIDTH, height=text_height(comment.text, WIDTH)))
    remember_first(session, comment.source_id, comment.id)
    if comment.reply_to_source_id:
        comment.reply_id = find_comment_id(session, comment.reply_to_source_id)
    session.flush()
    article = find_article(session, comment)
    if article:
        counts.move(work, article, counts.NOWHERE, counts.standing(comment))
