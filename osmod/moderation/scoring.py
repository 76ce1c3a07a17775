"""A scorer's answer: stored, and once every scorer asked has answered, acted upon. All in one transaction."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import BindParameter, bindparam, delete, insert, or_, select

from osmod.moderation import counts, decisions
from osmod.moderation.attributes import KnownTags
from osmod.moderation.database import upsert
from osmod.moderation.errors import NotFound
from osmod.moderation.flags import summarise
from osmod.moderation.lookups import find_article, lock_comment
from osmod.moderation.models import (
    Article,
    Comment,
    CommentScore,
    CommentScoreRequest,
    CommentSummaryScore,
    CommentTopScore,
    ModerationRule,
    single,
)
from osmod.moderation.rules import Rule, Verdict, judge, with_summary
from osmod.moderation.score_data import ScoreData
from osmod.moderation.work import Work

# Made once: to make a statement takes longer than to run it.
_COMMENT: BindParameter[int] = bindparam("comment")
_REQUESTS = (
    select(CommentScoreRequest)
    .where(CommentScoreRequest.comment_id == _COMMENT)
    .order_by(CommentScoreRequest.sent_at.desc(), CommentScoreRequest.id)
)
_FORGET_SPANS = (
    delete(CommentScore)
    .where(CommentScore.comment_id == _COMMENT, CommentScore.user_id == bindparam("scorer"))
    .execution_options(synchronize_session=False)
)
_INSERT_SPANS = insert(CommentScore)
_SPANS = (
    select(CommentScore.id, CommentScore.tag_id, CommentScore.score)
    .where(
        CommentScore.comment_id == _COMMENT,
        CommentScore.annotation_start.is_not(None),
        CommentScore.annotation_end.is_not(None),
    )
    .order_by(CommentScore.id)
)
_RULES = select(
    ModerationRule.id,
    ModerationRule.tag_id,
    ModerationRule.category_id,
    ModerationRule.lower_threshold,
    ModerationRule.upper_threshold,
    ModerationRule.action,
).where(or_(ModerationRule.category_id.is_(None), ModerationRule.category_id == bindparam("category")))


def process_machine_score(work: Work, comment_id: int, user_id: int, score_data: ScoreData) -> None:
    """Take in the answer of the scorer `user_id`; complete the comment if it was the last one open.

    The scorer's earlier span scores are replaced; summary scores of attributes that it no longer names
    stay (quirk 4).

    Raises:
      NotFound: the scorer was not asked (said of an unknown comment, too: quirk 11); nothing has changed then.
    """
    comment = lock_comment(work.session, comment_id)
    requests = _requests_of(work, comment_id)
    request = next((request for request in requests if request.user_id == user_id), None)
    if comment is None or request is None:
        raise NotFound(
            "Comment score request not found"
            f": scorer {user_id} was not asked about comment {comment_id}; queue sendCommentForScoring"
        )
    before = counts.standing(comment)
    tags = KnownTags(work.session, comment_id)
    _store_spans(work, comment, request, score_data, tags)
    _store_summaries(work, comment, score_data, tags)
    request.done_at = work.now
    if is_complete(requests):
        _complete(work, comment, tags, before)
    work.session.flush()


def is_complete(requests: Sequence[CommentScoreRequest]) -> bool:
    """Whether every scorer asked has answered at least once (fact 7)."""
    asked = {request.user_id for request in requests}
    answered = {request.user_id for request in requests if request.done_at is not None}
    return bool(asked) and asked == answered


def _requests_of(work: Work, comment_id: int) -> Sequence[CommentScoreRequest]:
    return work.session.scalars(_REQUESTS, {"comment": comment_id}).all()


def _store_spans(
    work: Work, comment: Comment, request: CommentScoreRequest, score_data: ScoreData, tags: KnownTags
) -> None:
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


def _complete(work: Work, comment: Comment, tags: KnownTags, before: counts.Standing) -> None:
    comment.is_scored = True
    _store_top_scores(work, comment)
    article = find_article(work.session, comment)
    verdict = _verdict(work, comment, article, tags)
    if verdict:
        decisions.set_status(comment, verdict.status)
        comment.is_auto_resolved = True
        if verdict.highlight:
            comment.is_highlighted = True
        decisions.record(work, comment, verdict.status, rule_id=verdict.rule_id)
    summarise(work.session, comment)
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
