"""Tags that moderators set on comments, and what they say of the scorers' ones."""

from __future__ import annotations

from sqlalchemy import select

from osmod.moderation import counts
from osmod.moderation.database import upsert
from osmod.moderation.errors import BadPayload, NotFound, comment_not_found
from osmod.moderation.flags import summarise
from osmod.moderation.lookups import find_article, find_tag, find_user, lock_comment, lock_comment_of_article
from osmod.moderation.models import Article, Comment, CommentScore, CommentSummaryScore
from osmod.moderation.work import Work


def tag_comment(work: Work, comment_id: int, tag_id: int, user_id: int | None) -> None:
    """Tag a whole comment: a moderator's score of 1, once more each time (fact 13).

    Raises:
      NotFound: there is no such user, comment or tag.
      Conflict: the comment has no article.
    """
    user_id = find_user(work.session, user_id)
    comment, article = lock_comment_of_article(work.session, comment_id)
    find_tag(work.session, tag_id)
    work.session.add(_moderators_score(comment_id, tag_id, user_id))
    _settle(work, comment, article, by_moderator=user_id is not None)


def add_tag(
    work: Work,
    comment_id: int,
    tag_id: int,
    user_id: int | None,
    annotation_start: int | None = None,
    annotation_end: int | None = None,
) -> None:
    """Tag a span of a comment (UTF-16 units of its text), confirmed by who tags it.

    A span beyond the text is kept.

    Raises:
      BadPayload: the span ends before it begins.
      NotFound: there is no such comment, tag or user.
    """
    if annotation_start is not None and annotation_end is not None and annotation_end < annotation_start:
        raise BadPayload(
            f"addTag: annotationEnd: the span ends ({annotation_end}) before it begins ({annotation_start})"
        )
    comment = lock_comment(work.session, comment_id)
    if comment is None:
        raise comment_not_found(comment_id)
    find_tag(work.session, tag_id)
    user_id = find_user(work.session, user_id)
    score = _moderators_score(comment_id, tag_id, user_id)
    score.annotation_start, score.annotation_end = annotation_start, annotation_end
    score.is_confirmed, score.confirmed_user_id = True, user_id
    work.session.add(score)
    _settle(work, comment, find_article(work.session, comment))


def remove_tag(work: Work, comment_score_id: int) -> None:
    """Delete a score, a moderator's or a scorer's.

    Raises:
      NotFound: there is no such score.
    """
    # First the comment's row, as every task does; meanwhile a rescore may delete the score.
    of = select(CommentScore.comment_id).where(CommentScore.id == comment_score_id)
    comment_id = work.session.scalar(of)
    comment = lock_comment(work.session, comment_id) if comment_id is not None else None
    score = _lock_score(work, comment_score_id)
    if score is None:
        raise NotFound(f"Comment Score Not found, id: {comment_score_id}")
    work.session.delete(score)
    if comment:
        _settle(work, comment, find_article(work.session, comment))


def confirm_tag(work: Work, comment_score_id: int, user_id: int | None, *, confirmed: bool) -> None:
    """Say whether a score is right. An unknown score is passed over.

    Raises:
      NotFound: there is no such user.
    """
    score = _lock_score(work, comment_score_id)
    if score:
        score.is_confirmed, score.confirmed_user_id = confirmed, find_user(work.session, user_id)


def reset_tag(work: Work, comment_score_id: int) -> None:
    """Take back a confirmation; who gave it stays on record. An unknown score is passed over."""
    score = _lock_score(work, comment_score_id)
    if score:
        score.is_confirmed = None


def tag_summary(work: Work, comment_id: int, tag_id: int, user_id: int | None) -> None:
    """Set a comment's summary score for a tag to 1, confirmed by `user_id`.

    Raises:
      NotFound: there is no such user, comment or tag.
      Conflict: the comment has no article.
    """
    user_id = find_user(work.session, user_id)
    lock_comment_of_article(work.session, comment_id)
    find_tag(work.session, tag_id)
    row = {
        "comment_id": comment_id,
        "tag_id": tag_id,
        "score": 1.0,
        "is_confirmed": True,
        "confirmed_user_id": user_id,
    }
    upsert(work.session, CommentSummaryScore, [row], ["score", "is_confirmed", "confirmed_user_id"])


def confirm_summary(
    work: Work, comment_id: int, tag_id: int, user_id: int | None, *, confirmed: bool
) -> None:
    """Say whether a summary score is right. A missing one is passed over.

    Raises:
      NotFound: there is no such user.
    """
    user_id = find_user(work.session, user_id)
    summary = work.session.get(CommentSummaryScore, (comment_id, tag_id), with_for_update=True)
    if summary:
        summary.is_confirmed, summary.confirmed_user_id = confirmed, user_id


def _lock_score(work: Work, comment_score_id: int) -> CommentScore | None:
    return work.session.get(CommentScore, comment_score_id, with_for_update=True)


def _moderators_score(comment_id: int, tag_id: int, user_id: int | None) -> CommentScore:
    return CommentScore(
        comment_id=comment_id, tag_id=tag_id, user_id=user_id, source_type="Moderator", score=1.0
    )


def _settle(work: Work, comment: Comment, article: Article | None, *, by_moderator: bool = False) -> None:
    before = counts.standing(comment)
    summarise(work.session, comment)
    work.session.flush()
    if article:
        counts.move(work, article, before, counts.standing(comment), by_moderator=by_moderator)
