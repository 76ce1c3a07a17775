"""Scorers that are given up for a comment: a person is to look at it, and the scorer is asked again later."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import cast

from sqlalchemy import Table, bindparam, delete, select

from osmod.moderation import decisions
from osmod.moderation.completing import (
    Asked,
    close_requests,
    complete,
    is_complete,
    lock_with_requests,
    store_top_scores,
)
from osmod.moderation.counts import Change, carry
from osmod.moderation.models import Unscored
from osmod.moderation.models.unscored import REASON_LENGTH
from osmod.moderation.state import State
from osmod.moderation.surroundings import Surroundings, with_rules
from osmod.moderation.work import Work

_unscored = cast("Table", Unscored.__table__)
_FORGET = delete(_unscored).where(
    _unscored.c.comment_id == bindparam("comment"), _unscored.c.scorer_id == bindparam("scorer")
)
#: How long after it was given up a scorer is asked again; twice as long each further time.
FIRST_PAUSE = timedelta(minutes=10)
LONGEST_PAUSE = timedelta(days=1)


def give_up(
    work: Work, comment_id: int, request_id: int, reason: str, *, for_good: bool, override: bool = False
) -> bool:
    """A scorer gives no scores for a comment: keep the reason, and have a person look at it if nobody has yet.

    A late answer to the request is stored all the same. The comment is deferred, in our own name: it is published by
    nobody but a moderator or a rule that has scores.

    Parameters:
      for_good: whether asking again is of no use, because of the text itself. The request counts as answered then:
        if all the others are, and one of them with scores, the comment is complete with what there is.
      override: whether rules may decide again what a moderator has decided.

    Returns whether the request was still open; if it was replaced or answered, nothing is done.
    """
    before, asked = lock_with_requests(work, [comment_id]).get(comment_id, (None, []))
    given_up = next((one for one in asked if one.id == request_id), None)
    if before is None or given_up is None or given_up.done_at is not None:
        return False
    _note(work, comment_id, given_up, _storable(reason), for_good=for_good)
    if for_good:
        close_requests(work, [request_id])
        asked = [one._replace(done_at=work.now) if one is given_up else one for one in asked]
    asked = [one._replace(is_given_up=True) if one.scorer_id == given_up.scorer_id else one for one in asked]
    histories, book = with_rules(work, [comment_id])
    history = histories[comment_id]
    comment = before
    if is_complete(asked) and any(one.done_at and not one.is_given_up for one in asked):
        comment, ruling = complete(before, history, book, is_partial=True, override=override)
        store_top_scores(work, [comment_id])
        decisions.record(work, [ruling] if ruling else [])
    elif is_complete(asked) or not for_good:  # else the others' scores may do
        comment = _deferred(work, before, history.around)
    carry(work, [Change(before, comment, history.around.article)])
    return True


def forget(
    work: Work, comment: State, around: Surroundings, asked: Iterable[Asked], answered: Asked
) -> tuple[State, Surroundings]:
    """A scorer has answered after all. If no other is missing, the comment waits for a person no more.

    Returns the comment, and what is there of it, as they are then.
    """
    work.connection.execute(_FORGET, {"comment": comment.id, "scorer": answered.scorer_id})
    if comment.is_scored or any(one.is_given_up and one.scorer_id != answered.scorer_id for one in asked):
        return comment, around
    freed = decisions.without_deferral(work, comment, around.current)
    return freed, around if freed is comment else replace(around, current=None)


def put_further_off(work: Work, comment_ids: Iterable[int]) -> None:
    """These comments are asked about again now: if it is for nothing, next time only after twice as long."""
    due = select(Unscored).where(Unscored.comment_id.in_(comment_ids), Unscored.again_at.is_not(None))
    for row in work.session.scalars(due.order_by(Unscored.comment_id, Unscored.scorer_id).with_for_update()):
        row.times += 1
        row.again_at = work.now + _pause(row.times)


def _pause(times: int) -> timedelta:
    return min(LONGEST_PAUSE, FIRST_PAUSE * (1 << min(times, 10)))


def _note(work: Work, comment_id: int, given_up: Asked, reason: str, *, for_good: bool) -> None:
    """Write down that the scorer is given up, and why."""
    session = work.session
    row = session.get(Unscored, (comment_id, given_up.scorer_id), populate_existing=True)
    if row is None:
        row = Unscored(comment_id=comment_id, scorer_id=given_up.scorer_id, since=work.now, times=0)
        session.add(row)
    row.reason = reason
    row.again_at = None if for_good else work.now + _pause(row.times)
    session.flush()


def _storable(reason: str) -> str:
    """As much as the column takes; a half of a character, which is none, becomes U+FFFD."""
    return reason[:REASON_LENGTH].encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _deferred(work: Work, comment: State, around: Surroundings) -> State:
    if comment.is_scored or comment.is_moderated or comment.is_accepted is not None:
        return comment
    return decisions.defer(work, comment, around.current)
