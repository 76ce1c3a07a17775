"""Scorers that are given up for a comment: a person is to look at it, and the scorer is asked again later."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from sqlalchemy import select

from osmod.moderation import counts, decisions
from osmod.moderation.attributes import KnownTags
from osmod.moderation.completing import Asked, carry_over, complete, is_complete, requests_about
from osmod.moderation.lookups import lock_comment
from osmod.moderation.models import Comment, Unscored
from osmod.moderation.models.unscored import REASON_LENGTH
from osmod.moderation.work import Work

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
    comment = lock_comment(work.session, comment_id)
    asked = requests_about(work.session, comment_id)
    found = next((one for one in asked if one.request.id == request_id), None)
    if comment is None or found is None or found.request.done_at is not None:
        return False
    asked = _noted(work, asked, found, _storable(reason), for_good=for_good)
    before = counts.standing(comment)
    if for_good:
        found.request.done_at = work.now
    if not is_complete([one.request for one in asked]):
        if not for_good:  # else the others' scores may do
            _defer(work, comment, before)
    elif any(one.request.done_at and not one.unscored for one in asked):
        complete(
            work,
            comment,
            KnownTags(work.session, comment_id),
            before,
            asked,
            answered=None,
            override=override,
        )
    else:
        _defer(work, comment, before)
    work.session.flush()
    return True


def forget(work: Work, comment: Comment, asked: Iterable[Asked], answered: Asked) -> None:
    """A scorer has answered after all. If no other is missing, the comment waits for a person no more."""
    work.session.delete(answered.unscored)
    others = (one.unscored for one in asked if one.unscored is not answered.unscored)
    if not any(others) and not comment.is_scored:
        decisions.take_back_deferral(work, comment)


def put_further_off(work: Work, comment_ids: Iterable[int]) -> None:
    """These comments are asked about again now: if it is for nothing, next time only after twice as long."""
    due = select(Unscored).where(Unscored.comment_id.in_(comment_ids), Unscored.again_at.is_not(None))
    for row in work.session.scalars(due.order_by(Unscored.comment_id, Unscored.scorer_id).with_for_update()):
        row.times += 1
        row.again_at = work.now + _pause(row.times)


def _pause(times: int) -> timedelta:
    return min(LONGEST_PAUSE, FIRST_PAUSE * (1 << min(times, 10)))


def _noted(work: Work, asked: list[Asked], given_up: Asked, reason: str, *, for_good: bool) -> list[Asked]:
    """Write down that the scorer is given up, and why; the same requests, with that."""
    row = given_up.unscored
    scorer_id = given_up.request.user_id
    if row is None:
        row = Unscored(comment_id=given_up.request.comment_id, scorer_id=scorer_id, since=work.now, times=0)
        work.session.add(row)
    row.reason = reason
    row.again_at = None if for_good else work.now + _pause(row.times)
    return [Asked(one.request, row) if one.request.user_id == scorer_id else one for one in asked]


def _storable(reason: str) -> str:
    """As much as the column takes; a half of a character, which is none, becomes U+FFFD."""
    return reason[:REASON_LENGTH].encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _defer(work: Work, comment: Comment, before: counts.Standing) -> None:
    if comment.is_scored or comment.is_moderated or comment.is_accepted is not None:
        return
    decisions.defer(work, comment)
    carry_over(work, comment, before)
