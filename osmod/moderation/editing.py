"""A comment whose text or author is put right: by a moderator, or by the reader who wrote it."""

from __future__ import annotations

from sqlalchemy.orm import Session

from osmod.moderation.errors import comment_not_found
from osmod.moderation.lookups import lock_comment
from osmod.moderation.models import Comment, CommentSize
from osmod.moderation.text_size import text_height
from osmod.moderation.utf8mb3 import storable
from osmod.moderation.work import Work


def edit_comment(
    work: Work,
    comment_id: int,
    *,
    text: str | None = None,
    author_name: str | None = None,
    author_location: str | None = None,
) -> None:
    """Change what is given of a comment, and owe it new scores; what is known of its author beside stays.

    Raises:
      NotFound: there is no such comment.
    """
    comment = lock_comment(work.session, comment_id)
    if comment is None:
        raise comment_not_found(comment_id)
    if text is not None:
        comment.text = storable(text)
        _measure(work.session, comment)
    told = {"name": author_name, "location": author_location}
    changed = {key: value for key, value in told.items() if value is not None}
    if changed:
        author = comment.author if isinstance(comment.author, dict) else {}
        comment.author = author | changed
    work.session.flush()
    work.enqueue("sendCommentForScoring", comment_id=comment_id)


def _measure(session: Session, comment: Comment) -> None:
    """Put right how high it stands, for the width that it was measured for; one that was not will be."""
    size = session.get(CommentSize, comment.id)
    if size is not None:
        size.height = text_height(comment.text, size.width)
