"""The queues that moderators work through: which comments are in them, and how many.

OSMod's tables have no index for most of what is asked here, and are not altered. The counts on articles say how many
comments wait in all; while these are few, all of them are looked at, else only the newest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, Double, Select, and_, func, or_, select, true, type_coerce
from sqlalchemy.orm import Session

from osmod.moderation.models import Article, Comment, CommentSummaryScore

#: Why comments wait: nobody has decided (`new`), somebody or a rule put the decision off (`deferred`), or readers
#: flagged what is public or undecided (`flagged`).
Queue = Literal["new", "deferred", "flagged"]
QUEUES: tuple[Queue, ...] = ("new", "deferred", "flagged")
#: Which count of articles says how many.
COUNTED = {
    "new": Article.unmoderated_count,
    "deferred": Article.deferred_count,
    "flagged": Article.flagged_count,
}
#: Up to so many all are looked at; of more only so many of the newest, where no index leads to the highest.
FEW = 20_000
#: What a score may be beside a bound: OSMod holds single precision and shows six digits.
EDGE = 5e-7


@dataclass(frozen=True)
class Wanted:
    """Which comments: in which queue, of which category or article, and with which scores.

    Attributes:
      tag_id: the attribute whose scores are meant; None: the highest of all.
      lower, upper: the scores, both inclusive. From 0 to 1 comments without a score are meant, too.
    """

    queue: Queue = "new"
    category_id: int | None = None
    article_id: int | None = None
    tag_id: int | None = None
    lower: float = 0.0
    upper: float = 1.0

    @property
    def is_any_score(self) -> bool:
        """Whether scores make no difference to what is meant."""
        return self.tag_id is None and self.lower <= 0 and self.upper >= 1


@dataclass(frozen=True)
class Size:
    """How many there are. `of_newest`: more wait than are looked at, so only these newest were counted; None: all."""

    count: int
    of_newest: int | None = None


def of_newest(standing: int) -> int | None:
    """How many of the newest are looked at where so many wait; None: all are."""
    return FEW if standing > FEW else None


def standing_size(session: Session, wanted: Wanted) -> int:
    """How many wait, whatever their scores: what the counts of the articles say."""
    counted = select(func.coalesce(func.sum(COUNTED[wanted.queue]), 0)).where(*of_articles(wanted))
    return int(session.scalar(counted) or 0)


def size(session: Session, wanted: Wanted, standing: int | None = None) -> Size:
    """How many are meant.

    Parameters:
      standing: what `standing_size` said, where it is known.
    """
    all_of_them = standing_size(session, wanted) if standing is None else standing
    if wanted.is_any_score:
        return Size(all_of_them)
    found = select(func.count()).select_from(meant(wanted, all_of_them).subquery())
    return Size(session.scalar(found) or 0, of_newest(all_of_them))


def meant(wanted: Wanted, standing: int) -> Select[Any]:
    """`id` and `score` of the comments meant; of the newest `FEW` only, where more than these are `standing`."""
    waiting = (
        select(Comment.id, Comment.max_summary_score)
        .join(Article, Article.id == Comment.article_id)
        .where(*waits(wanted.queue, Comment), *of_articles(wanted))
    )
    if standing > FEW:
        waiting = waiting.order_by(Comment.id.desc()).limit(FEW)
    rows = waiting.subquery("waiting")
    if wanted.tag_id is None:
        score = type_coerce(rows.c.max_summary_score, Double) + 0.0
        return select(rows.c.id, score.label("score")).where(_in_range(wanted, score))
    score = type_coerce(CommentSummaryScore.score, Double) + 0.0
    return (
        select(rows.c.id, score.label("score"))
        .join(
            CommentSummaryScore,
            and_(
                CommentSummaryScore.comment_id == rows.c.id,
                CommentSummaryScore.tag_id == wanted.tag_id,
            ),
        )
        .where(_in_range(wanted, score))
    )


def waits(queue: Queue, row: Any) -> list[ColumnElement[bool]]:
    """The condition on `row`, a comment's. Written so that MySQL finds the index: `IS true` does not."""
    if queue == "deferred":
        return [row.is_deferred == true()]
    if queue == "flagged":
        return [row.unresolved_flags_count > 0, or_(row.is_moderated.is_(False), row.is_accepted == true())]
    return [
        row.is_accepted.is_(None),
        row.is_scored.is_(True),
        row.is_moderated.is_(False),
        row.is_deferred.is_(False),
    ]


def of_articles(wanted: Wanted) -> list[ColumnElement[bool]]:
    """The condition on a comment's article."""
    conditions: list[ColumnElement[bool]] = [COUNTED[wanted.queue] > 0]
    if wanted.category_id is not None:
        conditions.append(Article.category_id == wanted.category_id)
    if wanted.article_id is not None:
        conditions.append(Article.id == wanted.article_id)
    return conditions


def _in_range(wanted: Wanted, score: ColumnElement[float]) -> ColumnElement[bool]:
    if wanted.lower <= 0 and wanted.upper >= 1:
        return true()
    return and_(score >= wanted.lower - EDGE, score <= wanted.upper + EDGE)
