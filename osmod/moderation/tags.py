"""Tags that moderators set on comments, and what they say of the scorers' ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import Table, bindparam, delete, insert, select

from osmod.moderation.database import upsert
from osmod.moderation.errors import BadPayload, NotFound, comment_not_found, comment_without_article
from osmod.moderation.flags import settle
from osmod.moderation.lookups import check_tags, find_user, find_users
from osmod.moderation.models import CommentScore, CommentSummaryScore
from osmod.moderation.rounds import in_rounds
from osmod.moderation.surroundings import Subject, lock_placed_subjects, lock_subjects
from osmod.moderation.work import Work

_scores = cast("Table", CommentScore.__table__)
_ADD = insert(_scores)
_REMOVE = delete(_scores).where(_scores.c.id == bindparam("score"))
_COMMENT_OF = select(_scores.c.commentId).where(_scores.c.id == bindparam("score"))


@dataclass(frozen=True)
class Tagging:
    """A moderator's tag on a whole comment."""

    comment_id: int
    tag_id: int
    user_id: int | None


def tag_comments(work: Work, taggings: Sequence[Tagging]) -> None:
    """Tag whole comments: each a moderator's score of 1, once more each time (fact 13).

    Raises:
      NotFound: there is no such user, comment or tag.
      Conflict: a comment has no article. Everything is to be rolled back then.
    """
    for some in in_rounds(taggings):
        users = find_users(work, [one.user_id for one in some])
        found = lock_placed_subjects(work, [one.comment_id for one in some])
        check_tags(work, [one.tag_id for one in some])
        rows = [_row(one.comment_id, one.tag_id, user) for one, user in zip(some, users, strict=True)]
        work.connection.execute(_ADD, rows)
        by_users = {one.comment_id for one in some if one.user_id}
        settle(work, found.values(), moderated=by_users)


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
    subject = _lock(work, comment_id)
    check_tags(work, [tag_id])
    user_id = find_user(work, user_id)
    span = {"annotationStart": annotation_start, "annotationEnd": annotation_end}
    confirmed = {"isConfirmed": True, "confirmedUserId": user_id}
    work.connection.execute(_ADD, _row(comment_id, tag_id, user_id, **span, **confirmed))
    settle(work, [subject])


def remove_tag(work: Work, comment_score_id: int) -> None:
    """Delete a score, a moderator's or a scorer's.

    Raises:
      NotFound: there is no such score.
    """
    # First the comment's row, as every task does; meanwhile a rescore may delete the score.
    comment_id = work.connection.scalar(_COMMENT_OF, {"score": comment_score_id})
    comment = lock_subjects(work, [comment_id]).get(comment_id) if comment_id is not None else None
    if not work.connection.execute(_REMOVE, {"score": comment_score_id}).rowcount:
        raise NotFound(f"Comment Score Not found, id: {comment_score_id}")
    if comment:
        settle(work, [comment])


def confirm_tag(work: Work, comment_score_id: int, user_id: int | None, *, confirmed: bool) -> None:
    """Say whether a score is right. An unknown score is passed over.

    Raises:
      NotFound: there is no such user.
    """
    score = _lock_score(work, comment_score_id)
    if score:
        score.is_confirmed, score.confirmed_user_id = confirmed, find_user(work, user_id)


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
    user_id = find_user(work, user_id)
    if _lock(work, comment_id).comment.article_id is None:
        raise comment_without_article(comment_id)
    check_tags(work, [tag_id])
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
    user_id = find_user(work, user_id)
    summary = work.session.get(CommentSummaryScore, (comment_id, tag_id), with_for_update=True)
    if summary:
        summary.is_confirmed, summary.confirmed_user_id = confirmed, user_id


def restore_summary(
    work: Work,
    comment_id: int,
    tag_id: int,
    user_id: int,
    *,
    is_confirmed: bool | None = None,
    confirmed_user_id: int | None = None,
    is_new: bool = False,
) -> None:
    """A moderator takes back what they said of a summary score. What somebody else has said since stays.

    Parameters:
      is_confirmed, confirmed_user_id: what was said of it before.
      is_new: there was no score before; it goes, unless a scorer has given one since.
    """
    summary = work.session.get(CommentSummaryScore, (comment_id, tag_id), with_for_update=True)
    if summary is None or (summary.is_confirmed, summary.confirmed_user_id) != (True, user_id):
        return
    if is_new and summary.score == 1:
        work.session.delete(summary)
    else:
        summary.is_confirmed, summary.confirmed_user_id = is_confirmed, confirmed_user_id


def _lock_score(work: Work, comment_score_id: int) -> CommentScore | None:
    return work.session.get(CommentScore, comment_score_id, with_for_update=True)


def _lock(work: Work, comment_id: int) -> Subject:
    subject = lock_subjects(work, [comment_id]).get(comment_id)
    if subject is None:
        raise comment_not_found(comment_id)
    return subject


def _row(comment_id: int, tag_id: int, user_id: int | None, **columns: Any) -> dict[str, Any]:
    """A moderator's score."""
    of_all = {"commentId": comment_id, "tagId": tag_id, "userId": user_id}
    return of_all | {"sourceType": "Moderator", "score": 1.0} | columns
