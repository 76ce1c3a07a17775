"""A comment that its publisher takes away."""

from __future__ import annotations

from sqlalchemy import delete

from osmod.moderation import counts, sources
from osmod.moderation.errors import source_not_found
from osmod.moderation.lookups import find_article, lock_comment
from osmod.moderation.models import CommentScoreRequest, Unscored
from osmod.moderation.work import Work


def remove_comment(work: Work, source_id: str) -> int:
    """Delete a comment with all that is known of it; answers to it stay. Returns the id that it had.

    Raises:
      NotFound: there is no such comment.
    """
    session = work.session
    found = sources.find_comment_id(session, source_id)
    comment = lock_comment(session, found) if found is not None else None
    if comment is None:
        raise source_not_found(source_id)
    article = find_article(session, comment)
    # They would be kept, without their comment.
    for table in (CommentScoreRequest, Unscored):
        of_comment = delete(table).where(table.comment_id == comment.id)
        session.execute(of_comment.execution_options(synchronize_session=False))
    sources.forget(session, {source_id: comment.id})
    session.delete(comment)  # with its scores, decisions, flags and size: so OSMod's foreign keys say
    session.flush()
    if article:
        counts.move(work, article, counts.standing(comment), counts.NOWHERE)
    return comment.id
