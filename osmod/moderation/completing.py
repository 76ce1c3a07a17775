"""A comment whose scorers have all answered, or were given up: top scores, rules, decision, counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Integer, Select, Table, and_, bindparam, func, select, update

from osmod.moderation import decisions
from osmod.moderation.database import upsert_selected
from osmod.moderation.flags import summed_up
from osmod.moderation.models import (
    Comment,
    CommentScore,
    CommentScoreRequest,
    CommentTopScore,
    Unscored,
)
from osmod.moderation.rules import Verdict, judge, with_summary
from osmod.moderation.state import STATE, State
from osmod.moderation.surroundings import Rulebook, Surroundings, with_flags
from osmod.moderation.work import Work

_comments, _requests, _unscored, _scores = (
    cast("Table", model.__table__) for model in (Comment, CommentScoreRequest, Unscored, CommentScore)
)
_REQUEST = (_requests.c.id, _requests.c.userId, _requests.c.doneAt, _unscored.c.scorer_id.is_not(None))
#: Locked with the comment, so that of two answers the second sees that the first was there.
_LOCK = (
    select(*STATE, *_REQUEST)
    .outerjoin(_requests, _requests.c.commentId == _comments.c.id)
    .outerjoin(
        _unscored,
        and_(_unscored.c.comment_id == _requests.c.commentId, _unscored.c.scorer_id == _requests.c.userId),
    )
    .where(_comments.c.id == bindparam("comment"))
    .order_by(_requests.c.sentAt.desc(), _requests.c.id)
    .with_for_update()
)
_CLOSE = update(_requests).where(_requests.c.id == bindparam("request")).values(doneAt=bindparam("at"))


@dataclass(frozen=True)
class Asked:
    """A request to a scorer; `is_given_up` says whether that scorer was, for this comment."""

    id: int
    scorer_id: int | None
    done_at: datetime | None
    is_given_up: bool


def lock_with_requests(work: Work, comment_id: int) -> tuple[State | None, list[Asked]]:
    """The comment, its row locked until the commit, and all requests about it, newest first."""
    rows = work.connection.execute(_LOCK, {"comment": comment_id}).all()
    width = len(STATE)
    comment = State(*rows[0][:width]) if rows else None
    return comment, [Asked(*row[width:]) for row in rows if row[width] is not None]


def close_request(work: Work, request_id: int) -> None:
    """A request is answered, or never will be."""
    work.connection.execute(_CLOSE, {"request": request_id, "at": work.now})


def is_complete(asked: Sequence[Asked]) -> bool:
    """Whether every scorer asked has answered at least once (fact 7), or was given up for good."""
    scorers = {one.scorer_id for one in asked}
    return bool(scorers) and scorers == {one.scorer_id for one in asked if one.done_at is not None}


def complete(
    work: Work,
    comment: State,
    around: Surroundings,
    book: Rulebook,
    *,
    is_partial: bool,
    override: bool,
) -> State:
    """Let the rules act on a comment's scores; the comment as it is then. Its decision is recorded.

    A moderator's decision stands, unless rules may `override` it.

    Parameters:
      is_partial: scores of a scorer are missing because it was given up: then no rule accepts.
    """
    _store_top_scores(work, comment)
    scored = replace(comment, is_scored=True)
    verdict = _verdict(scored, around, book)
    if verdict and verdict.status == "Accept" and is_partial:
        verdict = None
    if verdict and not override and decisions.is_moderators(scored, around.current):
        verdict = None
    if verdict:
        decisions.record(work, scored, around.current, verdict.status, rule_id=verdict.rule_id)
        scored = replace(decisions.with_status(scored, verdict.status), is_auto_resolved=True)
        scored = replace(scored, is_highlighted=verdict.highlight or scored.is_highlighted)
    return summed_up(scored, with_flags(work, comment.id)[1] if book.has_flags else [])


def _verdict(comment: State, around: Surroundings, book: Rulebook) -> Verdict | None:
    summaries = book.tags.summaries()
    if not summaries or (around.article and not around.article.is_auto_moderated):
        return None
    scores = with_summary(summaries, book.tags.summary_tag_id(), comment.max_summary_score)
    return judge(scores, book.rules)


def _top_scores() -> Select[Any]:
    """Each attribute's highest span; the first one wins a tie."""
    span = _scores.c
    is_span = and_(
        span.commentId == bindparam("comment"),
        span.annotationStart.is_not(None),
        span.annotationEnd.is_not(None),
        span.tagId.is_not(None),
    )
    best = (
        select(span.tagId, func.max(span.score).label("score"))
        .where(is_span)
        .group_by(span.tagId)
        .subquery("best")
    )
    return (
        select(bindparam("comment", type_=Integer), span.tagId, func.min(span.id))
        .join(best, and_(best.c.tagId == span.tagId, best.c.score == span.score))
        .where(is_span)
        .group_by(span.tagId)
    )


_TOP_SCORES = _top_scores()


def _store_top_scores(work: Work, comment: State) -> None:
    """Remember each attribute's highest span. Attributes without one keep theirs."""
    of_comment = {"comment": comment.id}
    upsert_selected(work.connection, CommentTopScore, _TOP_SCORES, ["comment_score_id"], of_comment)
