"""A comment whose scorers have all answered, or were given up: top scores, rules, decision, counts."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple, cast

from sqlalchemy import Select, Table, and_, bindparam, func, select, update

from osmod.moderation import decisions
from osmod.moderation.database import upsert_selected
from osmod.moderation.decisions import Ruling
from osmod.moderation.flags import summed_up
from osmod.moderation.locking import in_order
from osmod.moderation.models import (
    Comment,
    CommentScore,
    CommentScoreRequest,
    CommentTopScore,
    Unscored,
)
from osmod.moderation.rules import Verdict, judge, with_summary
from osmod.moderation.state import STATE, State
from osmod.moderation.surroundings import History, Rulebook
from osmod.moderation.work import Work

_comments, _requests, _unscored, _scores = (
    cast("Table", model.__table__) for model in (Comment, CommentScoreRequest, Unscored, CommentScore)
)
_REQUEST = (
    *(_requests.c.id, _requests.c.userId, _requests.c.sentAt, _requests.c.doneAt),
    _unscored.c.scorer_id.is_not(None),
)
#: Locked with the comments, so that of two answers the second sees that the first was there.
_LOCK = in_order(
    select(*STATE, *_REQUEST)
    .outerjoin(_requests, _requests.c.commentId == _comments.c.id)
    .outerjoin(
        _unscored,
        and_(_unscored.c.comment_id == _requests.c.commentId, _unscored.c.scorer_id == _requests.c.userId),
    )
    .where(_comments.c.id.in_(bindparam("comments", expanding=True)))
).order_by(_requests.c.sentAt.desc(), _requests.c.id)
_CLOSE = (
    update(_requests)
    .where(_requests.c.id.in_(bindparam("requests", expanding=True)))
    .values(doneAt=bindparam("at"))
)


class Asked(NamedTuple):
    """A request to a scorer; `is_given_up` says whether that scorer was, for this comment."""

    id: int
    scorer_id: int | None
    sent_at: datetime
    done_at: datetime | None
    is_given_up: bool


def lock_with_requests(work: Work, comment_ids: Collection[int]) -> dict[int, tuple[State, list[Asked]]]:
    """Each comment that is there, its row locked until the commit, and all requests about it, newest first.

    Rows are locked in the order of their ids, so that two transactions never wait for each other.
    """
    width = len(STATE)
    found: dict[int, tuple[State, list[Asked]]] = {}
    for row in work.connection.execute(_LOCK, {"comments": list(comment_ids)}):
        if row[0] not in found:
            found[row[0]] = State._make(row[:width]), []
        if row[width] is not None:
            found[row[0]][1].append(Asked._make(row[width:]))
    return found


def close_requests(work: Work, request_ids: Sequence[int]) -> None:
    """Requests are answered, or never will be."""
    work.connection.execute(_CLOSE, {"requests": request_ids, "at": work.now})


def is_complete(asked: Sequence[Asked]) -> bool:
    """Whether every scorer asked has answered at least once (fact 7), or was given up for good."""
    scorers = {one.scorer_id for one in asked}
    return bool(scorers) and scorers == {one.scorer_id for one in asked if one.done_at is not None}


def complete(
    comment: State, history: History, book: Rulebook, *, is_partial: bool, override: bool
) -> tuple[State, Ruling | None]:
    """Let the rules act on a comment's scores. Returns the comment as it is then, and the decision to be recorded.

    A moderator's decision stands, unless rules may `override` it.

    Parameters:
      history: with all scores that have come.
      is_partial: scores of a scorer are missing because it was given up: then no rule accepts.
    """
    scored = comment._replace(is_scored=True)
    current = history.around.current
    verdict = _verdict(scored, history, book)
    if verdict and verdict.status == "Accept" and is_partial:
        verdict = None
    if verdict and not override and decisions.is_moderators(scored, current):
        verdict = None
    ruling = None
    if verdict:
        ruling = Ruling(scored, current, verdict.status, rule_id=verdict.rule_id)
        scored = decisions.with_status(scored, verdict.status)
        is_highlighted = verdict.highlight or scored.is_highlighted
        scored = scored._replace(is_auto_resolved=True, is_highlighted=is_highlighted)
    return summed_up(scored, history.flags), ruling


def _verdict(comment: State, history: History, book: Rulebook) -> Verdict | None:
    article = history.around.article
    if not history.summaries or (article and not article.is_auto_moderated):
        return None
    scores = with_summary(history.summaries, book.tags.summary_tag_id(), comment.max_summary_score)
    return judge(scores, book.rules_for(article))


def _top_scores() -> Select[Any]:
    """Of some comments, each attribute's highest span; the first one wins a tie."""
    span = _scores.c
    is_span = and_(
        span.commentId.in_(bindparam("comments", expanding=True)),
        span.annotationStart.is_not(None),
        span.annotationEnd.is_not(None),
        span.tagId.is_not(None),
    )
    best = (
        select(span.commentId, span.tagId, func.max(span.score).label("score"))
        .where(is_span)
        .group_by(span.commentId, span.tagId)
        .subquery("best")
    )
    is_best = and_(best.c.commentId == span.commentId, best.c.tagId == span.tagId, best.c.score == span.score)
    return (
        select(span.commentId, span.tagId, func.min(span.id))
        .join(best, is_best)
        .where(is_span)
        .group_by(span.commentId, span.tagId)
    )


_TOP_SCORES = _top_scores()


def store_top_scores(work: Work, comment_ids: Sequence[int]) -> None:
    """Remember each attribute's highest span. Attributes without one keep theirs."""
    values = {"comments": list(comment_ids)}
    upsert_selected(work.connection, CommentTopScore, _TOP_SCORES, ["comment_score_id"], values)
