"""A scorer's answer: stored, and once every scorer asked has answered, acted upon. All in one transaction."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from sqlalchemy import BindParameter, bindparam, delete, insert

from osmod.moderation import counts
from osmod.moderation.attributes import KnownTags
from osmod.moderation.completing import Asked, carry_over, complete, is_complete, requests_about
from osmod.moderation.database import upsert
from osmod.moderation.errors import NotFound
from osmod.moderation.lookups import lock_comment
from osmod.moderation.models import Comment, CommentScore, CommentScoreRequest, CommentSummaryScore, single
from osmod.moderation.score_data import ScoreData
from osmod.moderation.unscored import forget
from osmod.moderation.work import Work

_log = logging.getLogger(__name__)

# Made once: to make a statement takes longer than to run it.
_COMMENT: BindParameter[int] = bindparam("comment")
_FORGET_SPANS = (
    delete(CommentScore)
    .where(CommentScore.comment_id == _COMMENT, CommentScore.user_id == bindparam("scorer"))
    .execution_options(synchronize_session=False)
)
_INSERT_SPANS = insert(CommentScore)


def process_machine_score(
    work: Work,
    comment_id: int,
    user_id: int,
    score_data: ScoreData,
    *,
    request_id: int | None = None,
    override: bool = False,
) -> None:
    """Take in the answer of the scorer `user_id`; complete the comment if it was the last one open.

    The scorer's earlier span scores are replaced; summary scores of attributes that it no longer names
    stay (quirk 4).

    Parameters:
      request_id: which request is answered. One that was replaced (the comment was edited, or is scored anew) or
        answered since takes no answer: nothing is done. None: the newest one to that scorer, as OSMod does.
      override: whether rules may decide again what a moderator has decided.

    Raises:
      NotFound: the scorer was not asked (said of an unknown comment, too: quirk 11); nothing has changed then.
    """
    comment = lock_comment(work.session, comment_id)
    asked = requests_about(work.session, comment_id)
    found = _find(asked, user_id, request_id)
    if request_id is not None and (comment is None or found is None):
        _log.info("The answer to score request %d is not stored: it was replaced or answered.", request_id)
        return
    if comment is None or found is None:
        raise NotFound(
            "Comment score request not found"
            f": scorer {user_id} was not asked about comment {comment_id}; queue sendCommentForScoring"
        )
    before = counts.standing(comment)
    tags = KnownTags(work.session, comment_id)
    _store_spans(work, comment, found.request, score_data, tags)
    _store_summaries(work, comment, score_data, tags)
    found.request.done_at = work.now
    if found.unscored is not None:
        forget(work, comment, asked, found)
    if is_complete([one.request for one in asked]):
        complete(work, comment, tags, before, asked, answered=user_id, override=override)
    elif found.unscored is not None:
        carry_over(work, comment, before)
    work.session.flush()


def _find(asked: Sequence[Asked], user_id: int, request_id: int | None) -> Asked | None:
    """The request that is answered; its scorer's newest one, if it is not named."""
    of_scorer = (one for one in asked if one.request.user_id == user_id)
    if request_id is None:
        return next(of_scorer, None)
    return next(
        (one for one in of_scorer if one.request.id == request_id and one.request.done_at is None), None
    )


def _store_spans(
    work: Work, comment: Comment, request: CommentScoreRequest, score_data: ScoreData, tags: KnownTags
) -> None:
    extra = {} if score_data.extra is None else {"extra": score_data.extra}
    rows = [
        {
            "comment_id": comment.id,
            "comment_score_request_id": request.id,
            "source_type": "Machine",
            "user_id": request.user_id,
            "tag_id": tags.of(attribute).id,
            "score": span.score,
            "annotation_start": span.begin,
            "annotation_end": span.end,
            **extra,
        }
        for attribute, spans in score_data.scores.items()
        for span in spans
    ]
    for attribute in score_data.scores:
        tags.of(attribute)  # an attribute without spans makes its tag, too
    work.session.execute(_FORGET_SPANS, {"comment": comment.id, "scorer": request.user_id})
    if rows:
        work.session.execute(_INSERT_SPANS, rows)


def _store_summaries(work: Work, comment: Comment, score_data: ScoreData, tags: KnownTags) -> None:
    for attribute, score in score_data.summary_scores.items():
        tags.of(attribute).summary = single(score)
    changed = {tags.of(attribute).id: score for attribute, score in score_data.summary_scores.items()}
    rows = [{"comment_id": comment.id, "tag_id": tag_id, "score": score} for tag_id, score in changed.items()]
    upsert(work.session, CommentSummaryScore, rows, ["score"])
    highest = tags.highest()
    if highest:
        comment.max_summary_score, comment.max_summary_score_tag_id = highest
