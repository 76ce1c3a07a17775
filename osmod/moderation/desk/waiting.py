"""Comments that wait for a person, the highest scores first, in pages that cost the same however many wait.

Where more wait than can be sorted, the index of highest scores is walked instead; where it does not help, only the
newest are sorted, and the page says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Double, Select, and_, func, literal, or_, select, true, type_coerce
from sqlalchemy.orm import Session

from osmod.moderation.desk.claims import of_other
from osmod.moderation.desk.queues import COLUMNS, EDGE, Wanted, meant, of_chosen_articles, plan, waits
from osmod.moderation.models import Claim, Comment, CommentSummaryScore

#: How many of the highest scores are walked, at first and at most.
WALKS = (500, 5_000)


@dataclass(frozen=True)
class Place:
    """Where a comment stands in the order. `score`: -1 for none."""

    score: float
    comment_id: int


@dataclass(frozen=True)
class Viewer:
    """Who looks: comments that others are at, or that are being decided at this moment, are left out."""

    user_id: int
    now: datetime


@dataclass(frozen=True)
class Page:
    """Some of those meant, in order.

    Attributes:
      of_newest: only so many of the newest were looked at; None: all, or from the highest score on.
      is_part: more may be meant than were looked at.
    """

    places: list[Place]
    of_newest: int | None = None
    is_part: bool = False

    def beyond(self, place: Place | None) -> list[Place]:
        """Those that come after a place; None: all."""
        if place is None:
            return self.places
        here = (place.score, place.comment_id)
        return [one for one in self.places if (one.score, one.comment_id) < here]


def page(
    session: Session,
    wanted: Wanted,
    viewer: Viewer | None,
    *,
    limit: int,
    beyond: Place | None = None,
    backwards: bool = False,
) -> Page:
    """The next comments, the highest scores first and of equal ones the newest.

    Parameters:
      viewer: whom it is for; None: all are shown, whoever is at them.
      beyond: where the page before ended; None: from the beginning.
      backwards: those before that place instead, the nearest first.
    """
    way = plan(session, wanted)
    if way.of_newest is not None and wanted.queue == "new" and wanted.tag_id is None:
        walked = _walk(session, wanted, viewer, limit, beyond, backwards=backwards)
        if walked is not None:
            return Page(walked, is_part=True)
    rows = meant(wanted, way).subquery()
    key = func.coalesce(rows.c.score, -1.0)
    statement = select(key, rows.c.id).where(
        _is_free(viewer, rows.c.id), _beyond(key, rows.c.id, beyond, backwards)
    )
    found = _places(session, statement.order_by(*_order(key, rows.c.id, backwards)).limit(limit))
    return Page(found, way.of_newest, is_part=way.of_newest is not None)


def place_of(session: Session, wanted: Wanted, comment_id: int) -> Place | None:
    """Where a comment stands in the order, whether or not it is meant; None: there is no such comment."""
    found = session.execute(
        select(_score(wanted).label("score"))
        .select_from(Comment)
        .outerjoin(*_summary(wanted))
        .where(Comment.id == comment_id)
    ).first()
    return None if found is None else Place(-1.0 if found.score is None else found.score, comment_id)


def _walk(
    session: Session,
    wanted: Wanted,
    viewer: Viewer | None,
    limit: int,
    beyond: Place | None,
    *,
    backwards: bool,
) -> list[Place] | None:
    """A page from the index of highest scores, if a short one; None: nothing waits where it was looked for."""
    score = type_coerce(Comment.max_summary_score, Double) + 0.0
    column = type_coerce(Comment.max_summary_score, Double)
    bounds = [
        Comment.max_summary_score.is_not(None),
        *_bounds(wanted, beyond, backwards=backwards),
        _beyond(column, Comment.id, beyond, backwards),
    ]
    order = _order(Comment.max_summary_score, Comment.id, backwards)
    found: list[Place] = []
    for walk in [walk for walk in WALKS if walk >= limit] or WALKS[-1:]:
        window = select(*COLUMNS, score.label("score")).where(*bounds).order_by(*order).limit(walk).subquery()
        statement = (
            of_chosen_articles(select(window.c.score, window.c.id), wanted, window.c.article_id)
            .where(*waits(wanted.queue, window.c), _is_free(viewer, window.c.id))
            .order_by(*_order(window.c.score, window.c.id, backwards))
            .limit(limit)
        )
        found = _places(session, statement)
        if len(found) == limit:
            break
    return found or None


def _bounds(wanted: Wanted, beyond: Place | None, *, backwards: bool) -> list[ColumnElement[bool]]:
    """Where the walk begins and ends, in the words of the index."""
    column = type_coerce(Comment.max_summary_score, Double)
    upper, lower = wanted.upper + EDGE, wanted.lower - EDGE
    if beyond is not None and backwards:
        lower = max(lower, beyond.score)
    elif beyond is not None:
        upper = min(upper, beyond.score)
    bounded = [column <= literal(upper, Double)] if upper < 1 else []
    return [*bounded, *([column >= literal(lower, Double)] if lower > 0 else [])]


def _score(wanted: Wanted) -> ColumnElement[float]:
    """The score as a double, with all digits that the database has: so two places can be told apart."""
    column = Comment.max_summary_score if wanted.tag_id is None else CommentSummaryScore.score
    return type_coerce(column, Double) + 0.0


def _summary(wanted: Wanted) -> tuple[Any, ColumnElement[bool]]:
    return CommentSummaryScore, and_(
        CommentSummaryScore.comment_id == Comment.id, CommentSummaryScore.tag_id == (wanted.tag_id or 0)
    )


def _is_free(viewer: Viewer | None, comment_id: Any) -> ColumnElement[bool]:
    if viewer is None:
        return true()
    held = select(Claim.comment_id).where(
        Claim.comment_id == comment_id, of_other(viewer.user_id, viewer.now)
    )
    return ~held.exists()


def _beyond(key: Any, comment_id: Any, place: Place | None, backwards: bool) -> ColumnElement[bool]:
    if place is None:
        return true()
    if backwards:
        return or_(key > place.score, and_(key == place.score, comment_id > place.comment_id))
    return or_(key < place.score, and_(key == place.score, comment_id < place.comment_id))


def _order(key: Any, comment_id: Any, backwards: bool) -> tuple[Any, Any]:
    return (key.asc(), comment_id.asc()) if backwards else (key.desc(), comment_id.desc())


def _places(session: Session, statement: Select[Any]) -> list[Place]:
    rows: Sequence[Any] = session.execute(statement).all()
    return [Place(*row) for row in rows]
