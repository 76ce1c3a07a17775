"""One comment with all that a moderator decides by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import case, func, or_, select
from sqlalchemy.orm import Session

from osmod.moderation.desk.explain import Circumstances, Explanation, explain
from osmod.moderation.desk.spans import Span, onto_html
from osmod.moderation.desk.states import State, marks, state_of
from osmod.moderation.models import (
    SUMMARY_SCORE,
    Article,
    Category,
    Comment,
    CommentFlag,
    CommentScore,
    CommentSummaryScore,
    Decision,
    ModerationRule,
    Tag,
    Unscored,
    User,
)
from osmod.moderation.rules import Rule, with_summary
from osmod.moderation.surroundings import rules_where

#: An author's newest comments, of which the record is made.
REMEMBERED = 1_000


@dataclass(frozen=True)
class Scored:
    """One attribute's score of the whole comment."""

    tag_id: int
    attribute: str
    label: str
    score: float
    is_confirmed: bool | None


@dataclass(frozen=True)
class Record:
    """What became of an author's comments, the newest `REMEMBERED` of them. `is_cut`: there are more."""

    accepted: int
    rejected: int
    deferred: int
    undecided: int
    is_cut: bool


@dataclass(frozen=True)
class Past:
    """A decision on the comment.

    Attributes:
      user_id, who: the moderator and their name; None: a rule's, or the worker's own where none is named.
    """

    status: str
    user_id: int | None
    who: str | None
    rule_id: int | None
    at: datetime
    is_current: bool


@dataclass(frozen=True)
class Item:
    """The comment.

    Attributes:
      mark: changes with its state, so that an act on what somebody saw can be refused once it is something else.
      parent: the comment that it answers, where it is known.
      scores: the highest first.
      unscored: scorers that were given up, with the reason.
    """

    comment: Comment
    state: State
    mark: str
    article: Article | None
    category: Category | None
    parent: Comment | None
    scores: tuple[Scored, ...]
    spans: tuple[Span, ...]
    flags: Sequence[CommentFlag]
    past: tuple[Past, ...]
    record: Record
    explanation: Explanation
    unscored: tuple[tuple[str, str], ...]

    def decided_since(self, moment: datetime, user_id: int) -> Past | None:
        """What somebody else than a moderator, or a rule, decided last, if that was after a moment."""
        last = self.past[0] if self.past else None
        return last if last and last.user_id != user_id and last.at > moment else None

    @property
    def author(self) -> str:
        """The author's name, as far as it is known."""
        return author_of(self.comment)


def author_of(comment: Comment) -> str:
    """The name that a comment's author goes by; else the publisher's id."""
    told: Any = comment.author
    name = told.get("name") if isinstance(told, dict) else None
    return str(name) if name else comment.author_source_id


def load(session: Session, comment_id: int) -> Item | None:
    """All about a comment; None: there is no such comment."""
    comment = session.get(Comment, comment_id)
    if comment is None:
        return None
    article = session.get(Article, comment.article_id) if comment.article_id is not None else None
    category_id = article.category_id if article else None
    past = tuple(_past(session, comment_id))
    unscored = tuple(_unscored(session, comment_id))
    circumstances = Circumstances(
        is_auto_moderated=article is None or article.is_auto_moderated,
        is_partial=bool(unscored),
        by_person=any(one.who is not None for one in past),
        by_rule=any(one.is_current and one.rule_id is not None for one in past),
    )
    scores = _scores(session, comment_id)
    summary = session.scalar(select(Tag.id).where(Tag.attribute == SUMMARY_SCORE))
    seen = with_summary({one.tag_id: one.score for one in scores}, summary, comment.max_summary_score)
    return Item(
        comment=comment,
        state=state_of(comment),
        mark=marks(session, [comment])[comment_id],
        article=article,
        category=session.get(Category, category_id) if category_id is not None else None,
        parent=session.get(Comment, comment.reply_id) if comment.reply_id is not None else None,
        scores=scores,
        spans=tuple(_spans(session, comment)),
        flags=_flags(session, comment_id),
        past=past,
        record=_record(session, comment.author_source_id),
        explanation=explain(seen if scores else {}, _rules(session, category_id), circumstances),
        unscored=unscored,
    )


def _scores(session: Session, comment_id: int) -> tuple[Scored, ...]:
    rows = session.execute(
        select(Tag.id, Tag.attribute, Tag.label, CommentSummaryScore.score, CommentSummaryScore.is_confirmed)
        .join(Tag, Tag.id == CommentSummaryScore.tag_id)
        .where(CommentSummaryScore.comment_id == comment_id)
        .order_by(CommentSummaryScore.score.desc(), Tag.id)
    )
    return tuple(Scored(*row) for row in rows)


def _spans(session: Session, comment: Comment) -> list[Span]:
    """Of the comment as it is stored. Scorers' spans are of its text without tags."""
    rows = session.execute(
        select(
            CommentScore.annotation_start,
            CommentScore.annotation_end,
            Tag.attribute,
            CommentScore.score,
            CommentScore.source_type,
        )
        .join(Tag, Tag.id == CommentScore.tag_id)
        .where(
            CommentScore.comment_id == comment.id,
            CommentScore.annotation_start.is_not(None),
            CommentScore.annotation_end.is_not(None),
        )
        .order_by(CommentScore.id)
    ).all()
    spans = [
        (Span(start or 0, end or 0, attribute, score, by_moderator=source != "Machine"))
        for start, end, attribute, score, source in rows
    ]
    by_scorers = onto_html(comment.text, [span for span in spans if not span.by_moderator])
    return [*by_scorers, *(span for span in spans if span.by_moderator)]


def _flags(session: Session, comment_id: int) -> Sequence[CommentFlag]:
    found = select(CommentFlag).where(CommentFlag.comment_id == comment_id).order_by(CommentFlag.id)
    return session.scalars(found).all()


def _past(session: Session, comment_id: int) -> list[Past]:
    rows = session.execute(
        select(
            Decision.status,
            Decision.user_id,
            User.name,
            Decision.moderation_rule_id,
            Decision.created_at,
            Decision.is_current_decision,
        )
        .outerjoin(User, User.id == Decision.user_id)
        .where(Decision.comment_id == comment_id)
        .order_by(Decision.id.desc())
    )
    return [
        Past(status, user_id, None if user_id is None else name or f"user {user_id}", rule_id, at, is_current)
        for status, user_id, name, rule_id, at, is_current in rows
    ]


def _unscored(session: Session, comment_id: int) -> list[tuple[str, str]]:
    rows = session.execute(
        select(Unscored.scorer_id, User.name, Unscored.reason)
        .outerjoin(User, User.id == Unscored.scorer_id)
        .where(Unscored.comment_id == comment_id)
        .order_by(Unscored.scorer_id)
    )
    return [(name or f"scorer {scorer_id}", reason) for scorer_id, name, reason in rows]


def _record(session: Session, author_source_id: str) -> Record:
    newest = (
        select(Comment.is_accepted, Comment.is_deferred)
        .where(Comment.author_source_id == author_source_id)
        .order_by(Comment.id.desc())
        .limit(REMEMBERED + 1)
        .subquery()
    )
    accepted, rejected, deferred, all_of_them = session.execute(
        select(
            func.coalesce(func.sum(case((newest.c.is_accepted.is_(True), 1), else_=0)), 0),
            func.coalesce(func.sum(case((newest.c.is_accepted.is_(False), 1), else_=0)), 0),
            func.coalesce(func.sum(case((newest.c.is_deferred.is_(True), 1), else_=0)), 0),
            func.count(),
        )
    ).one()
    undecided = all_of_them - accepted - rejected - deferred
    return Record(int(accepted), int(rejected), int(deferred), int(undecided), all_of_them > REMEMBERED)


def _rules(session: Session, category_id: int | None) -> list[Rule]:
    concerned = or_(ModerationRule.category_id.is_(None), ModerationRule.category_id == category_id)
    return rules_where(session, concerned)
