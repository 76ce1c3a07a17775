"""The queues that moderators work through: which comments are in them, and how many.

OSMod's tables have no index for most of what is asked here, and are not altered. The counts on articles say what a look
would cost: by the index of states, or by the articles that are meant. Where both cost too much, only the newest are
looked at.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Double, Select, Subquery, and_, func, or_, select, true, type_coerce
from sqlalchemy.orm import Session

from osmod.moderation.desk import standing
from osmod.moderation.desk.standing import COUNTED, Queue, Sizes, Standing
from osmod.moderation.models import Article, Category, Comment, CommentFlag, CommentSummaryScore

#: In place of a category's id: articles without one.
NO_CATEGORY = 0
#: Comments that wait which are looked at by their state at most: all, or the newest.
FEW = 5_000
#: Comments that are looked at at most, whether or not they wait: of articles, or the newest; and articles, where all
#: are meant.
ROWS, ARTICLES = 20_000, 2_000
#: Comments of one article that are looked at at most.
MOST_OF_ARTICLES = 200_000
#: What a score may be beside a bound: OSMod holds single precision and shows six digits.
EDGE = 5e-7


#: Of a window of comments, what is asked of each.
COLUMNS = tuple(
    getattr(Comment, name).label(name)
    for name in (
        "id",
        "max_summary_score",
        "article_id",
        "is_accepted",
        "is_scored",
        "is_moderated",
        "is_deferred",
        "unresolved_flags_count",
    )
)


@dataclass(frozen=True)
class Wanted:
    """Which comments: in which queue, of which category or article, and with which scores.

    Attributes:
      category_id: `NO_CATEGORY` for articles without one.
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
class Plan:
    """How comments are looked for.

    Attributes:
      by_article: by the articles that are meant, all of whose comments are looked at; else by their state.
      of_newest: only so many of the newest are looked at; None: all.
      scored_last: these are the newest of all comments, from this one on: what waits is hidden among others that are
        undecided, too. The newest of them have no scores yet, and are passed over so.
    """

    by_article: bool
    of_newest: int | None = None
    scored_last: int | None = None


def plan(session: Session, wanted: Wanted) -> Plan:
    """The way that costs the least, and no more than it may."""
    if wanted.article_id is not None:
        return Plan(by_article=True)
    sizes = standing.in_all(session)
    is_hidden = wanted.queue == "new" and sizes.unscored + sizes.deferred > ROWS
    if not is_hidden and wanted.queue != "flagged" and _are_few(session, wanted.queue, sizes):
        return Plan(by_article=False)
    is_of_one = wanted.category_id is not None and not (wanted.category_id == NO_CATEGORY and sizes.more)
    if is_of_one or ((is_hidden or wanted.queue == "flagged") and _has_few_articles(session)):
        rows = session.scalar(select(func.sum(Article.all_count)).where(*of_articles(wanted)))
        if (rows or 0) <= ROWS:
            return Plan(by_article=True)
    if is_hidden:
        scored_last = session.scalar(select(func.max(CommentSummaryScore.comment_id)))
        return Plan(by_article=False, of_newest=ROWS, scored_last=scored_last or 0)
    return Plan(by_article=False, of_newest=FEW)


def _are_few(session: Session, queue: Queue, sizes: Sizes) -> bool:
    """Whether all that waits can be read by its state. Where the counts do not say all, the index is counted."""
    if not sizes.more:
        return sizes.of(queue).count <= FEW
    state = Comment.is_deferred == true() if queue == "deferred" else Comment.is_accepted.is_(None)
    some = select(Comment.id).where(state).limit(FEW + 1).subquery()
    return (session.scalar(select(func.count()).select_from(some)) or 0) <= FEW


def _has_few_articles(session: Session) -> bool:
    some = select(Article.id).limit(ARTICLES + 1).subquery()
    return (session.scalar(select(func.count()).select_from(some)) or 0) <= ARTICLES


def standing_size(session: Session, wanted: Wanted) -> Standing:
    """How many wait, whatever their scores: what the counts of articles and categories say."""
    if wanted.article_id is not None:
        is_meant = session.scalar(select(Article.id).where(*of_articles(wanted)))
        return standing.of_article(session, is_meant or 0).of(wanted.queue)
    if wanted.category_id == NO_CATEGORY:
        return standing.without_category(session).of(wanted.queue)
    if wanted.category_id is not None:
        category = session.get(Category, wanted.category_id)
        return standing.of_category(category).of(wanted.queue) if category else Standing(0)
    return standing.in_all(session).of(wanted.queue)


def meant(wanted: Wanted, way: Plan) -> Select[Any]:
    """`id` and `score` of the comments meant that are found in a way."""
    rows = _found(wanted, way)
    score = type_coerce(rows.c.max_summary_score, Double) + 0.0
    statement = select(rows.c.id)
    if wanted.tag_id is not None:
        score = type_coerce(CommentSummaryScore.score, Double) + 0.0
        of_tag = and_(
            CommentSummaryScore.comment_id == rows.c.id, CommentSummaryScore.tag_id == wanted.tag_id
        )
        statement = statement.join(CommentSummaryScore, of_tag)
    return statement.add_columns(score.label("score")).where(in_range(wanted, score))


def _found(wanted: Wanted, way: Plan) -> Subquery:
    """The comments that wait, of the articles meant. A window of the newest is read before articles are asked for."""
    if way.by_article:
        articles = select(Article.id).where(*of_articles(wanted))
        # The limit is for the planner: what waits is asked for afterwards, so that no index of states is taken.
        window = (
            select(*COLUMNS).where(Comment.article_id.in_(articles)).limit(MOST_OF_ARTICLES).subquery("those")
        )
        of_those = select(window.c.id, window.c.max_summary_score)
        return of_those.where(*waits(wanted.queue, window.c)).subquery("waiting")
    row = _newest(way).c if way.scored_last is not None else Comment
    columns = (row.id, row.max_summary_score, row.article_id)
    newest = select(*columns).where(*waits(wanted.queue, row))
    if wanted.queue == "flagged":
        flags = select(CommentFlag.comment_id).order_by(CommentFlag.id.desc()).limit(FEW).subquery()
        newest = newest.where(Comment.id.in_(select(flags.c.comment_id)))
    window = newest.order_by(row.id.desc()).limit(FEW).subquery("newest")
    of_window = select(window.c.id, window.c.max_summary_score)
    return of_chosen_articles(of_window, wanted, window.c.article_id).subquery("waiting")


def _newest(way: Plan) -> Subquery:
    """The newest comments, whether or not they wait, from the newest one that is scored on."""
    reach = select(*COLUMNS).where(Comment.id <= way.scored_last)
    return reach.order_by(Comment.id.desc()).limit(way.of_newest).subquery("reach")


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


def of_chosen_articles(statement: Select[Any], wanted: Wanted, article_id: Any) -> Select[Any]:
    """Of some comments those of the category or article that is meant; articles are not looked up where all are."""
    if wanted.category_id is None and wanted.article_id is None:
        return statement.where(article_id.is_not(None))
    return statement.join(Article, Article.id == article_id).where(*of_articles(wanted))


def of_articles(wanted: Wanted) -> list[ColumnElement[bool]]:
    """The condition on a comment's article."""
    conditions: list[ColumnElement[bool]] = [getattr(Article, COUNTED[wanted.queue]) > 0]
    if wanted.category_id == NO_CATEGORY:
        conditions.append(Article.category_id.is_(None))
    elif wanted.category_id is not None:
        conditions.append(Article.category_id == wanted.category_id)
    if wanted.article_id is not None:
        conditions.append(Article.id == wanted.article_id)
    return conditions


def in_range(wanted: Wanted, score: ColumnElement[float]) -> ColumnElement[bool]:
    """The condition on a score. From 0 to 1 comments without one are meant, too."""
    if wanted.lower <= 0 and wanted.upper >= 1:
        return true()
    return and_(score >= wanted.lower - EDGE, score <= wanted.upper + EDGE)
