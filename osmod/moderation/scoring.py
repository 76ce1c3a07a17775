"""A scorer's answer: stored, and once every scorer asked has answered, acted upon. All in one transaction."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import cast

from sqlalchemy import Table, bindparam, delete, insert

from osmod.moderation import counts
from osmod.moderation.attributes import KnownTags
from osmod.moderation.completing import Asked, close_request, complete, is_complete, lock_with_requests
from osmod.moderation.database import upsert
from osmod.moderation.errors import NotFound
from osmod.moderation.models import CommentScore, CommentSummaryScore, single
from osmod.moderation.score_data import ScoreData
from osmod.moderation.state import State
from osmod.moderation.surroundings import with_rules
from osmod.moderation.unscored import forget
from osmod.moderation.work import Work

_log = logging.getLogger(__name__)

# Made once: to make a statement takes longer than to run it.
_scores = cast("Table", CommentScore.__table__)
_FORGET_SPANS = delete(_scores).where(
    _scores.c.commentId == bindparam("comment"), _scores.c.userId == bindparam("scorer")
)
_INSERT_SPANS = insert(_scores)


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
    before, asked = lock_with_requests(work, comment_id)
    answered = _find(asked, user_id, request_id)
    if request_id is not None and (before is None or answered is None):
        _log.info("The answer to score request %d is not stored: it was replaced or answered.", request_id)
        return
    if before is None or answered is None:
        raise NotFound(
            "Comment score request not found"
            f": scorer {user_id} was not asked about comment {comment_id}; queue sendCommentForScoring"
        )
    around, book = with_rules(work, comment_id)
    _store_spans(work, before, answered, score_data, book.tags, replaces=book.has_scores)
    _store_summaries(work, before, score_data, book.tags)
    close_request(work, answered.id)
    comment = _with_highest(before, book.tags)
    if answered.is_given_up:
        comment, around = forget(work, comment, around, asked, answered)
    others = [one for one in asked if one is not answered]
    if is_complete([*others, replace(answered, done_at=work.now)]):
        is_partial = any(one.is_given_up and one.scorer_id != user_id for one in asked)
        comment = complete(work, comment, around, book, is_partial=is_partial, override=override)
    counts.carry(work, before, comment, around.article)


def _find(asked: Sequence[Asked], user_id: int, request_id: int | None) -> Asked | None:
    """The request that is answered; its scorer's newest one, if it is not named."""
    of_scorer = (one for one in asked if one.scorer_id == user_id)
    if request_id is None:
        return next(of_scorer, None)
    return next((one for one in of_scorer if one.id == request_id and one.done_at is None), None)


def _store_spans(
    work: Work, comment: State, answered: Asked, score_data: ScoreData, tags: KnownTags, *, replaces: bool
) -> None:
    """Store the spans' scores in the place of the scorer's earlier ones; `replaces`: there are some of somebody's."""
    extra = {} if score_data.extra is None else {"extra": score_data.extra}
    of_all = {
        "commentId": comment.id,
        "commentScoreRequestId": answered.id,
        "sourceType": "Machine",
        "userId": answered.scorer_id,
        **extra,
    }
    rows = []
    for attribute, spans in score_data.scores.items():
        tag_id = tags.of(attribute).id  # an attribute without spans makes its tag, too
        rows += [
            of_all
            | {"tagId": tag_id, "score": span.score, "annotationStart": span.begin, "annotationEnd": span.end}
            for span in spans
        ]
    if replaces:
        work.connection.execute(_FORGET_SPANS, {"comment": comment.id, "scorer": answered.scorer_id})
    if rows:
        work.connection.execute(_INSERT_SPANS, rows)


def _store_summaries(work: Work, comment: State, score_data: ScoreData, tags: KnownTags) -> None:
    scores = {}
    for attribute, score in score_data.summary_scores.items():
        tag = tags.of(attribute)
        tag.summary, scores[tag.id] = single(score), score
    rows = [{"comment_id": comment.id, "tag_id": tag_id, "score": score} for tag_id, score in scores.items()]
    upsert(work.session, CommentSummaryScore, rows, ["score"])


def _with_highest(comment: State, tags: KnownTags) -> State:
    """The comment with its highest summary score that counts, if there is any."""
    highest = tags.highest()
    if highest is None:
        return comment
    return replace(comment, max_summary_score=highest[0], max_summary_score_tag_id=highest[1])
