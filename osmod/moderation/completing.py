"""A comment whose scorers have all answered, or were given up: top scores, rules, decision, counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import BindParameter, and_, bindparam, or_, select
from sqlalchemy.orm import Session

from osmod.moderation import counts, decisions
from osmod.moderation.attributes import KnownTags
from osmod.moderation.database import upsert
from osmod.moderation.flags import summarise
from osmod.moderation.lookups import find_article
from osmod.moderation.models import (
    Article,
    Comment,
    CommentScore,
    CommentScoreRequest,
    CommentTopScore,
    ModerationRule,
    Unscored,
)
from osmod.moderation.rules import Rule, Verdict, judge, with_summary
from osmod.moderation.work import Work

# Made once: to make a statement takes longer than to run it.
_COMMENT: BindParameter[int] = bindparam("comment")
_GIVEN_UP = and_(
    Unscored.comment_id == CommentScoreRequest.comment_id, Unscored.scorer_id == CommentScoreRequest.user_id
)
_REQUESTS = (
    select(CommentScoreRequest, Unscored)
    .outerjoin(Unscored, _GIVEN_UP)
    .where(CommentScoreRequest.comment_id == _COMMENT)
    .order_by(CommentScoreRequest.sent_at.desc(), CommentScoreRequest.id)
)
_SPANS = (
    select(CommentScore.id, CommentScore.tag_id, CommentScore.score)
    .where(
        CommentScore.comment_id == _COMMENT,
        CommentScore.annotation_start.is_not(None),
        CommentScore.annotation_end.is_not(None),
    )
    .order_by(CommentScore.id)
)
#: All rules, in the form of `Rule`.
RULES = select(
    ModerationRule.id,
    ModerationRule.tag_id,
    ModerationRule.category_id,
    ModerationRule.lower_threshold,
    ModerationRule.upper_threshold,
    ModerationRule.action,
)
_RULES = RULES.where(
    or_(ModerationRule.category_id.is_(None), ModerationRule.category_id == bindparam("category"))
)


@dataclass(frozen=True)
class Asked:
    """A request to a scorer; `unscored` says why that scorer was given up, if it was."""

    request: CommentScoreRequest
    unscored: Unscored | None


def requests_about(session: Session, comment_id: int) -> list[Asked]:
    """All requests about a comment, newest first."""
    return [Asked(*row) for row in session.execute(_REQUESTS, {"comment": comment_id})]


def is_complete(requests: Sequence[CommentScoreRequest]) -> bool:
    """Whether every scorer asked has answered at least once (fact 7), or was given up for good."""
    asked = {request.user_id for request in requests}
    answered = {request.user_id for request in requests if request.done_at is not None}
    return bool(asked) and asked == answered


def complete(
    work: Work,
    comment: Comment,
    tags: KnownTags,
    before: counts.Standing,
    asked: Sequence[Asked],
    *,
    answered: int | None,
    override: bool,
) -> None:
    """Let the rules act on a comment's scores, and carry what changes over to the counts.

    A moderator's decision stands, unless rules may `override` it. Where the scores of a scorer are missing because
    it was given up, no rule accepts.

    Parameters:
      before: where the comment stood before this transaction.
      answered: the scorer whose answer has just been stored; it may have been given up before.
    """
    is_partial = any(one.unscored and one.request.user_id != answered for one in asked)
    comment.is_scored = True
    _store_top_scores(work, comment)
    article = find_article(work.session, comment)
    verdict = _verdict(work, comment, article, tags)
    if verdict and verdict.status == "Accept" and is_partial:
        verdict = None
    if verdict and not override and decisions.is_moderators(work, comment):
        verdict = None
    if verdict:
        decisions.set_status(comment, verdict.status)
        comment.is_auto_resolved = True
        if verdict.highlight:
            comment.is_highlighted = True
        decisions.record(work, comment, verdict.status, rule_id=verdict.rule_id)
    summarise(work.session, comment)
    carry_over(work, comment, before)


def carry_over(work: Work, comment: Comment, before: counts.Standing) -> None:
    """Carry what has changed of a comment over to the counts of its article and category. Call it last."""
    article = find_article(work.session, comment)
    work.session.flush()
    if article:
        counts.move(work, article, before, counts.standing(comment))


def _store_top_scores(work: Work, comment: Comment) -> None:
    """Remember each attribute's highest span; the first one wins a tie. Attributes without one keep theirs."""
    spans = work.session.execute(_SPANS, {"comment": comment.id})
    best: dict[int, tuple[float, int]] = {}
    for score_id, tag_id, score in spans:
        if tag_id is None:
            continue
        if tag_id not in best or score > best[tag_id][0]:
            best[tag_id] = (score, score_id)
    rows = [
        {"comment_id": comment.id, "tag_id": tag_id, "comment_score_id": score_id}
        for tag_id, (_score, score_id) in best.items()
    ]
    upsert(work.session, CommentTopScore, rows, ["comment_score_id"])


def _verdict(work: Work, comment: Comment, article: Article | None, tags: KnownTags) -> Verdict | None:
    summaries = tags.summaries()
    if not summaries or (article and not article.is_auto_moderated):
        return None
    scores = with_summary(summaries, tags.summary_tag_id(), comment.max_summary_score)
    return judge(scores, _rules_for(work, article))


def _rules_for(work: Work, article: Article | None) -> list[Rule]:
    category = article.category_id if article else None
    return [Rule(*row) for row in work.session.execute(_RULES, {"category": category})]
