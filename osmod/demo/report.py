"""What came out of the demo, read from its database."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Engine, case, func, select
from sqlalchemy.orm import Session

from osmod.demo.masking import masked
from osmod.moderation.database import open_session
from osmod.moderation.models import (
    Comment,
    CommentScoreRequest,
    CommentSummaryScore,
    Decision,
    InboxEntry,
    ModerationRule,
    Tag,
)

#: Every comment is one of these.
OUTCOMES = {
    "accepted": "accepted by a rule",
    "deferred": "deferred by a rule",
    "undecided": "left to a moderator, no rule applies",
    "rejected": "rejected by a rule",
    "unscored": "not scored",
}
#: Of which outcomes an example is shown, the first three that there are.
SHOWN = ("accepted", "deferred", "rejected", "undecided")

_OUTCOME = case(
    (Comment.is_scored.is_(False), "unscored"),
    (Comment.is_accepted.is_(True), "accepted"),
    (Comment.is_accepted.is_(False), "rejected"),
    (Comment.is_deferred.is_(True), "deferred"),
    else_="undecided",
)


@dataclass(frozen=True)
class Example:
    """One comment: its text as it may be shown, its scores by attribute, and what decided, in words."""

    text: str
    scores: dict[str, float]
    outcome: str
    decided_by: str


_TAKEN_IN = select(func.count()).select_from(InboxEntry)
_ASKED = select(func.count()).where(CommentScoreRequest.done_at.is_not(None))


@dataclass(frozen=True)
class Outcome:
    """What became of the comments and of the jobs."""

    #: By outcome, in words; those that did not happen are left out.
    comments: dict[str, int]
    #: Those that changed something, and those that asked a scorer.
    jobs_done: int
    examples: list[Example]


def read_outcome(engine: Engine) -> Outcome:
    """Read it all. Takes about a second, for the masking."""
    with open_session(engine) as session:
        numbers = session.execute(select(_OUTCOME, func.count()).group_by(_OUTCOME))
        counted = {row[0]: row[1] for row in numbers}
        return Outcome(
            comments={words: counted[outcome] for outcome, words in OUTCOMES.items() if outcome in counted},
            jobs_done=sum(session.scalar(number) or 0 for number in (_TAKEN_IN, _ASKED)),
            examples=list(_examples(session)),
        )


def _examples(session: Session) -> Iterator[Example]:
    """The first comment of each outcome that is neither too short nor too long to be understood."""
    readable = func.length(Comment.text).between(30, 160)
    found = 0
    for outcome in SHOWN:
        first = select(Comment).where(_OUTCOME == outcome).order_by(readable.desc(), Comment.id).limit(1)
        comment = session.scalar(first)
        if comment is not None and found < 3:
            found += 1
            yield Example(
                masked(comment.text), _scores(session, comment), outcome, _decided_by(session, comment)
            )


def _scores(session: Session, comment: Comment) -> dict[str, float]:
    scores = select(Tag.attribute, CommentSummaryScore.score).join(
        CommentSummaryScore, CommentSummaryScore.tag_id == Tag.id
    )
    found = session.execute(scores.where(CommentSummaryScore.comment_id == comment.id).order_by(Tag.id))
    return {row.attribute: row.score for row in found}


def _decided_by(session: Session, comment: Comment) -> str:
    rules = (
        select(ModerationRule, Tag.attribute)
        .join(Decision, Decision.moderation_rule_id == ModerationRule.id)
        .join(Tag, Tag.id == ModerationRule.tag_id)
        .where(Decision.comment_id == comment.id, Decision.is_current_decision.is_(True))
    )
    row = session.execute(rules).first()
    if row is None:
        return "no rule"
    rule, attribute = row
    between = f"{rule.lower_threshold:g} to {rule.upper_threshold:g}"
    return f"rule {rule.id}: {rule.action} where {attribute} is {between}"
