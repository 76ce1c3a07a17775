"""Opening the requests to a comment's scorers, and which comments to ask about again."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import Table, and_, bindparam, delete, exists, func, insert, or_, select, update
from sqlalchemy.orm import Session

from osmod.moderation.completing import Asked, lock_with_requests
from osmod.moderation.database import insert_one
from osmod.moderation.errors import NotFound, comment_not_found
from osmod.moderation.models import IS_SCORING, Comment, CommentScoreRequest, Unscored, User, now
from osmod.moderation.state import State
from osmod.moderation.work import Work

#: How long a comment's scores may take before its scorers are asked again.
ANSWER_WAIT = timedelta(minutes=5)
#: Comments looked at in one statement.
_PAGE = 1_000

# Made once: to make a statement takes longer than to run it.
_users, _comments, _requests = (
    cast("Table", model.__table__) for model in (User, Comment, CommentScoreRequest)
)
_SCORERS = select(_users.c.id, _users.c.extra).where(IS_SCORING).order_by(_users.c.id)
_REPLACE = delete(_requests).where(_requests.c.id.in_(bindparam("requests", expanding=True)))
_OPEN = insert(_requests)
_OPENED = (
    select(_requests.c.id, _requests.c.userId, _requests.c.commentId)
    .where(
        _requests.c.commentId.in_(bindparam("comments", expanding=True)),
        _requests.c.userId.in_(bindparam("scorers", expanding=True)),
    )
    .order_by(_requests.c.commentId, _requests.c.id)
)
_SENT = (
    update(_comments)
    .where(_comments.c.id.in_(bindparam("comments", expanding=True)))
    .values(sentForScoring=bindparam("at"))
)
_SENT_AT = select(_comments.c.sentForScoring).where(_comments.c.id == bindparam("comment"))


@dataclass(frozen=True)
class OpenRequest:
    """A request that waits for its answer. `sent_at` in whole seconds, as the database has it.

    `comment_id`: None where the comment was deleted.
    """

    id: int
    scorer_id: int
    sent_at: datetime
    comment_id: int | None


def active_scorers(session: Session) -> Sequence[User]:
    """The users that are scorers and switched on, by id."""
    return session.scalars(select(User).where(IS_SCORING).order_by(User.id)).all()


@dataclass(frozen=True)
class Scorer:
    """A scorer that is switched on; its `extra` says where and how it is asked."""

    id: int
    extra: Any


def open_requests(
    work: Work,
    comment_ids: Sequence[int],
    is_usable: Callable[[Scorer], bool],
    missing: Collection[int] = (),
) -> list[OpenRequest]:
    """Replace each comment's request to each active scorer by a new one.

    About the comments that are `missing` scores only those scorers are asked that have not answered yet; all of them
    if all have. Where those that have not cannot be asked as they are set up, nobody is.

    Scorers that are not `is_usable` (badly configured) are passed over and keep their old request. Without
    an active scorer nothing is written.

    Raises:
      NotFound: there is no such comment. Everything is to be rolled back then.
    """
    comment_ids = sorted(set(comment_ids))
    locked = lock_with_requests(work, comment_ids)
    for comment_id in comment_ids:
        if comment_id not in locked:
            raise NotFound(f"sendCommentForScoringTask: Comment not found, id: {comment_id}")
    scorers = [Scorer(*row) for row in work.connection.execute(_SCORERS)]
    usable = [scorer.id for scorer in scorers if is_usable(scorer)]
    unusable = {scorer.id for scorer in scorers} - {*usable}
    chosen: dict[tuple[int, int], None] = {}
    for comment_id, (_, asked) in locked.items():
        them = _unanswered(usable, unusable, asked) if comment_id in missing else usable
        chosen |= dict.fromkeys((comment_id, scorer_id) for scorer_id in them)
    sent_at = work.now.replace(microsecond=0)
    opened = _replace(work, locked, chosen, sent_at)
    if scorers:
        work.connection.execute(_SENT, {"comments": comment_ids, "at": sent_at})
        for comment_id in comment_ids:
            work.changed("comment", "modify", comment_id)
    return opened


def open_passed_over(
    work: Work, comment_id: int, is_usable: Callable[[Scorer], bool], *, missing: bool
) -> None:
    """Open a request to each active scorer that was passed over when the comment was sent last, and `is_usable` now.

    `missing`: it was sent to those alone that had not answered; those that had were not passed over.
    """
    locked = lock_with_requests(work, [comment_id])
    sent_at = work.connection.scalar(_SENT_AT, {"comment": comment_id})
    asked = {
        one.scorer_id
        for _, requests in locked.values()
        for one in requests
        if sent_at is None or one.sent_at >= sent_at or (missing and one.done_at is not None)
    }
    scorers = [Scorer(*row) for row in work.connection.execute(_SCORERS)] if locked else []
    left = [scorer.id for scorer in scorers if scorer.id not in asked and is_usable(scorer)]
    chosen = dict.fromkeys((comment_id, scorer_id) for scorer_id in left)
    _replace(work, locked, chosen, work.now.replace(microsecond=0))


def _replace(
    work: Work,
    locked: Mapping[int, tuple[State, Sequence[Asked]]],
    chosen: Mapping[tuple[int, int], None],
    sent_at: datetime,
) -> list[OpenRequest]:
    """Have one new request for each of these pairs of a comment and a scorer, in place of those that there are."""
    replaced = [
        one.id
        for comment_id, (_, asked) in locked.items()
        for one in asked
        if one.scorer_id is not None and (comment_id, one.scorer_id) in chosen
    ]
    if replaced:
        work.connection.execute(_REPLACE, {"requests": replaced})
    return _store(work, [*chosen], sent_at) if chosen else []


def _unanswered(usable: Sequence[int], unusable: Collection[int], asked: Sequence[Asked]) -> Sequence[int]:
    """Those of the usable scorers that are to answer; none where it is an unusable one that has not answered."""
    answered = {one.scorer_id for one in asked if one.done_at is not None}
    left = [scorer for scorer in usable if scorer not in answered]
    waits = any(one.scorer_id in unusable and one.done_at is None for one in asked)
    return left if left or waits else usable


def _store(work: Work, chosen: Sequence[tuple[int, int]], sent_at: datetime) -> list[OpenRequest]:
    """Store a request for each of these pairs of a comment and a scorer, of which there is none."""
    rows = [
        {"commentId": comment_id, "userId": scorer_id, "sentAt": sent_at} for comment_id, scorer_id in chosen
    ]
    if len(rows) == 1:
        number = insert_one(work.connection, _OPEN, rows[0])
        return [OpenRequest(number, chosen[0][1], sent_at, chosen[0][0])]
    work.connection.execute(_OPEN, rows)
    comments, scorers = ({pair[side] for pair in chosen} for side in (0, 1))
    stored = work.connection.execute(_OPENED, {"comments": sorted(comments), "scorers": sorted(scorers)})
    made = frozenset(chosen)
    return [
        OpenRequest(number, scorer_id, sent_at, comment_id)
        for number, scorer_id, comment_id in stored
        if (comment_id, scorer_id) in made
    ]


def still_open(session: Session, comment_id: int) -> list[OpenRequest]:
    """Those of a comment's requests to active scorers that were opened before and are not answered yet.

    Raises:
      NotFound: the comment has been deleted since.
    """
    if session.get(Comment, comment_id) is None:
        raise comment_not_found(comment_id)
    return _open(session, [comment_id])[comment_id]


def oldest_open(session: Session, scorer_id: int, limit: int, after: int = 0) -> list[OpenRequest]:
    """The requests that a scorer, switched on or not, has not answered, in their order; `limit` at most, after one."""
    statement = (
        select(CommentScoreRequest.id, CommentScoreRequest.sent_at, CommentScoreRequest.comment_id)
        .where(CommentScoreRequest.user_id == scorer_id, CommentScoreRequest.done_at.is_(None))
        .where(CommentScoreRequest.id > after)
        .order_by(CommentScoreRequest.id)
        .limit(limit)
    )
    found = session.execute(statement)
    return [OpenRequest(number, scorer_id, sent_at, comment_id) for number, sent_at, comment_id in found]


def withdraw(work: Work, comment_ids: Sequence[int]) -> None:
    """Delete these comments' open requests to those who are no active scorers any more, if others are.

    They are never answered: the comments would wait for them for ever, and the others be asked again and again.
    """
    active = [scorer.id for scorer in active_scorers(work.session)]
    if active:
        is_nobodys = or_(CommentScoreRequest.user_id.is_(None), CommentScoreRequest.user_id.not_in(active))
        work.session.execute(
            delete(CommentScoreRequest)
            .where(CommentScoreRequest.comment_id.in_(comment_ids), CommentScoreRequest.done_at.is_(None))
            .where(is_nobodys)
            .execution_options(synchronize_session=False)
        )


def overdue(session: Session) -> Iterator[dict[int, list[OpenRequest]]]:
    """Undecided comments whose scores are overdue, longest waiting first: page by page, each with its open requests.

    Those that were never sent (quirk 14) wait from their creation; those of which a scorer was given up wait longer
    each time, and for ever if it is for good. None where no scorer is active.
    """
    if not active_scorers(session):
        return
    since = func.coalesce(Comment.sent_for_scoring, Comment.created_at)
    given_up = exists().where(Unscored.comment_id == Comment.id)
    unanswered = exists().where(
        CommentScoreRequest.comment_id == Comment.id, CommentScoreRequest.done_at.is_(None)
    )
    conditions = (
        Comment.is_accepted.is_(None),
        Comment.is_scored.is_(False),
        since < now() - ANSWER_WAIT,
        or_(
            given_up.where(Unscored.again_at <= now()),
            # Given up for good, if at all: then only another scorer, whose question was lost, is to be asked again.
            and_(~given_up.where(Unscored.again_at.is_not(None)), or_(~given_up, unanswered)),
        ),
    )
    after: tuple[datetime, int] | None = None
    while True:
        later = (
            [] if after is None else [or_(since > after[0], and_(since == after[0], Comment.id > after[1]))]
        )
        page = select(Comment.id, since).where(*conditions, *later).order_by(since, Comment.id).limit(_PAGE)
        rows = session.execute(page).all()
        if not rows:
            return
        ids = [comment_id for comment_id, _ in rows]
        yield _open(session, ids)
        after = (rows[-1][1], rows[-1][0])


def _open(session: Session, comment_ids: Sequence[int]) -> dict[int, list[OpenRequest]]:
    """The open requests to active scorers about each of these comments, in their order."""
    statement: Any = (
        select(
            CommentScoreRequest.comment_id,
            CommentScoreRequest.id,
            CommentScoreRequest.user_id,
            CommentScoreRequest.sent_at,
        )
        .join(User, User.id == CommentScoreRequest.user_id)
        .where(
            CommentScoreRequest.comment_id.in_(comment_ids),
            CommentScoreRequest.done_at.is_(None),
            IS_SCORING,
        )
        .order_by(CommentScoreRequest.id)
    )
    found: dict[int, list[OpenRequest]] = {comment_id: [] for comment_id in comment_ids}
    for comment_id, request_id, scorer_id, sent_at in session.execute(statement):
        found[comment_id].append(OpenRequest(request_id, scorer_id, sent_at, comment_id))
    return found
