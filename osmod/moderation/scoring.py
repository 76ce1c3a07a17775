"""Scorers' answers: stored, and once every scorer asked has answered, acted upon. All in one transaction.

Answers that are taken in together share their statements: what is there of all comments is read, each is decided by
itself, and what comes of all is written.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import Table, bindparam, delete, insert

from osmod.moderation import decisions
from osmod.moderation.attributes import KnownTags
from osmod.moderation.completing import (
    Asked,
    close_requests,
    complete,
    is_complete,
    lock_with_requests,
    store_top_scores,
)
from osmod.moderation.counts import Change, carry
from osmod.moderation.database import upsert
from osmod.moderation.decisions import Ruling
from osmod.moderation.errors import NotFound
from osmod.moderation.models import CommentScore, CommentSummaryScore, single
from osmod.moderation.rounds import in_rounds
from osmod.moderation.score_data import ScoreData
from osmod.moderation.state import State
from osmod.moderation.surroundings import History, Rulebook, with_rules
from osmod.moderation.unscored import forget
from osmod.moderation.work import Work

_log = logging.getLogger(__name__)

# Made once: to make a statement takes longer than to run it.
_scores = cast("Table", CommentScore.__table__)
_FORGET_SPANS = delete(_scores).where(
    _scores.c.commentId == bindparam("comment"), _scores.c.userId == bindparam("scorer")
)
_INSERT_SPANS = insert(_scores)


@dataclass(frozen=True)
class Answer:
    """What the scorer `user_id` says of a comment.

    `request_id`: which request is answered. One that was replaced (the comment was edited, or is scored anew) or
    answered since takes no answer: nothing is done. None: the newest one to that scorer, as OSMod does.
    """

    comment_id: int
    user_id: int
    score_data: ScoreData
    request_id: int | None = None


def process_machine_scores(work: Work, answers: Sequence[Answer], *, override: bool = False) -> None:
    """Take in scorers' answers; complete the comments of which one was the last that was open.

    A scorer's earlier span scores are replaced; summary scores of attributes that it no longer names
    stay (quirk 4).

    Parameters:
      override: whether rules may decide again what a moderator has decided.

    Raises:
      NotFound: a scorer was not asked (said of an unknown comment, too: quirk 11). Everything is to be rolled back.
    """
    for some in in_rounds(answers):
        taken = list(_locked(work, some))
        if taken:
            _store(work, taken, override=override)


@dataclass(frozen=True)
class _Taken:
    """An answer that a request waits for, its comment locked; `asked` are all requests about that."""

    answer: Answer
    comment: State
    asked: Sequence[Asked]
    request: Asked

    def is_last(self, work: Work) -> bool:
        """Whether every scorer has answered now."""
        others = [one for one in self.asked if one is not self.request]
        return is_complete([*others, self.request._replace(done_at=work.now)])

    def is_partial(self) -> bool:
        """Whether another scorer's scores are missing, because it was given up."""
        return any(one.is_given_up and one.scorer_id != self.answer.user_id for one in self.asked)


def _locked(work: Work, answers: Sequence[Answer]) -> Iterator[_Taken]:
    """Those of the answers that a request waits for; each is of a comment of its own."""
    locked = lock_with_requests(work, [answer.comment_id for answer in answers])
    for answer in answers:
        comment, asked = locked.get(answer.comment_id, (None, []))
        request = _find(asked, answer.user_id, answer.request_id)
        if comment is not None and request is not None:
            yield _Taken(answer, comment, asked, request)
        elif answer.request_id is not None:
            _log.info(
                "The answer to score request %d is not stored: it was replaced or answered.",
                answer.request_id,
            )
        else:
            raise NotFound(
                f"Comment score request not found: scorer {answer.user_id} was not asked about comment "
                f"{answer.comment_id}; queue sendCommentForScoring"
            )


def _find(asked: Sequence[Asked], user_id: int, request_id: int | None) -> Asked | None:
    """The request that is answered; its scorer's newest one, if it is not named."""
    of_scorer = (one for one in asked if one.scorer_id == user_id)
    if request_id is None:
        return next(of_scorer, None)
    return next((one for one in of_scorer if one.id == request_id and one.done_at is None), None)


def _store(work: Work, taken: Sequence[_Taken], *, override: bool) -> None:
    """Store answers, each of a comment of its own, and what comes of them."""
    histories, book = with_rules(work, [one.comment.id for one in taken])
    _store_spans(work, taken, histories, book.tags)
    summaries = _store_summaries(work, taken, book.tags)
    close_requests(work, [one.request.id for one in taken])
    histories = {
        comment_id: history._replace(summaries={**history.summaries, **summaries[comment_id]})
        for comment_id, history in histories.items()
    }
    after, completed, rulings = _decide(work, taken, histories, book, override=override)
    store_top_scores(work, completed)
    decisions.record(work, rulings)
    carry(
        work,
        [
            Change(one.comment, after[one.comment.id], histories[one.comment.id].around.article)
            for one in taken
        ],
    )


def _decide(
    work: Work,
    taken: Sequence[_Taken],
    histories: Mapping[int, History],
    book: Rulebook,
    *,
    override: bool,
) -> tuple[dict[int, State], list[int], list[Ruling]]:
    """What the comments are then, which of them are complete, and the decisions on these."""
    after: dict[int, State] = {}
    completed, rulings = [], []
    for one in taken:
        history = histories[one.comment.id]
        comment = _with_highest(one.comment, book.tags.highest(history.summaries))
        if one.request.is_given_up:
            comment, around = forget(work, comment, history.around, one.asked, one.request)
            history = history._replace(around=around)
        if one.is_last(work):
            partial = one.is_partial()
            comment, ruling = complete(comment, history, book, is_partial=partial, override=override)
            completed.append(comment.id)
            rulings += [ruling] if ruling else []
        after[comment.id] = comment
    return after, completed, rulings


def _store_spans(
    work: Work, taken: Sequence[_Taken], histories: Mapping[int, History], tags: KnownTags
) -> None:
    """Store the spans' scores, each in the place of the scorer's earlier ones."""
    replaced = [one for one in taken if histories[one.comment.id].has_scores]
    if replaced:
        work.connection.execute(
            _FORGET_SPANS,
            [{"comment": one.comment.id, "scorer": one.request.scorer_id} for one in replaced],
        )
    rows = [row for one in taken for row in _spans(one, tags)]
    if rows:
        work.connection.execute(_INSERT_SPANS, rows)


def _spans(one: _Taken, tags: KnownTags) -> Iterator[dict[str, Any]]:
    of_all = {
        "commentId": one.comment.id,
        "commentScoreRequestId": one.request.id,
        "sourceType": "Machine",
        "userId": one.request.scorer_id,
        "extra": one.answer.score_data.extra,
    }
    for attribute, spans in one.answer.score_data.scores.items():
        tag_id = tags.of(attribute).id  # an attribute without spans makes its tag, too
        for span in spans:
            where = {"annotationStart": span.begin, "annotationEnd": span.end}
            yield of_all | {"tagId": tag_id, "score": span.score, **where}


def _store_summaries(work: Work, taken: Sequence[_Taken], tags: KnownTags) -> dict[int, dict[int, float]]:
    """Store the summary scores. Returns each comment's by tag, as they are read from now on."""
    scores = {
        one.comment.id: {
            tags.of(attribute).id: score for attribute, score in one.answer.score_data.summary_scores.items()
        }
        for one in taken
    }
    rows = [
        {"comment_id": comment_id, "tag_id": tag_id, "score": score}
        for comment_id, of_comment in scores.items()
        for tag_id, score in of_comment.items()
    ]
    upsert(work.session, CommentSummaryScore, rows, ["score"])
    return {
        comment_id: {tag_id: single(score) for tag_id, score in of_comment.items()}
        for comment_id, of_comment in scores.items()
    }


def _with_highest(comment: State, highest: tuple[float, int] | None) -> State:
    """The comment with its highest summary score that counts, if there is any."""
    if highest is None:
        return comment
    return comment._replace(max_summary_score=highest[0], max_summary_score_tag_id=highest[1])
