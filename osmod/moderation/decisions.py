"""Decisions on comments, by moderators and by rules, and the state of a comment that follows from them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final, cast

from sqlalchemy import Table, bindparam, insert, update

from osmod.moderation import counts
from osmod.moderation.database import insert_one
from osmod.moderation.errors import comment_not_found, comment_without_article
from osmod.moderation.flags import resolved, summed_up
from osmod.moderation.lookups import find_user
from osmod.moderation.models import Decision, Source, Status
from osmod.moderation.publishing.owing import owe
from osmod.moderation.publishing.reasons import Recorded
from osmod.moderation.state import State, lock_state
from osmod.moderation.surroundings import Current, Flag, Place, Surroundings, with_flags
from osmod.moderation.work import Work

_STATES: Final[dict[Status, dict[str, Any]]] = {
    "Accept": {"is_accepted": True, "is_moderated": True, "is_deferred": False},
    "Reject": {"is_accepted": False, "is_moderated": True, "is_deferred": False},
    "Defer": {"is_accepted": None, "is_moderated": True, "is_deferred": True},
}
_UNDECIDED: Final[dict[str, Any]] = {
    "is_accepted": None,
    "is_moderated": False,
    "is_deferred": False,
    "is_auto_resolved": False,
}
_FRESH: Final[dict[str, Any]] = {**_UNDECIDED, "is_highlighted": False, "is_batch_resolved": False}
_decisions = cast("Table", Decision.__table__)
_OUTDATE = (
    update(_decisions)
    .where(_decisions.c.commentId == bindparam("comment"), _decisions.c.isCurrentDecision.is_(True))
    .values(isCurrentDecision=False)
)
_RECORD = insert(_decisions)


def decide(
    work: Work,
    status: Status,
    comment_id: int,
    user_id: int | None,
    *,
    is_batch_action: bool,
    with_flags: bool = False,
) -> None:
    """A moderator accepts, rejects or defers a comment; `with_flags` resolves its open flags too.

    Without a user the decision is recorded as a rule's (fact 12). Highlighting stays as it is (quirk 6).

    Raises:
      NotFound: there is no such user or comment.
      Conflict: the comment has no article. Nothing has changed then.
    """
    subject = _subject(work, comment_id, user_id)
    flags = resolved(work, subject.flags, subject.moderator) if with_flags else subject.flags
    record(work, subject.comment, subject.around.current, status, user_id=subject.moderator)
    decided = replace(with_status(subject.comment, status), is_batch_resolved=is_batch_action)
    _settle(work, subject, summed_up(decided, flags))


def highlight(work: Work, comment_id: int, user_id: int | None, *, is_batch_action: bool) -> None:
    """Toggle a comment's highlight; it is accepted either way, and no decision is recorded (quirk 6)."""
    subject = _subject(work, comment_id, user_id)
    toggled = replace(
        with_status(subject.comment, "Accept"),
        is_batch_resolved=is_batch_action,
        is_highlighted=not subject.comment.is_highlighted,
    )
    _settle(work, subject, summed_up(toggled, subject.flags))


def reset(work: Work, comment_id: int, user_id: int | None) -> None:
    """Put a comment back to undecided. Its decisions stay current (quirk 7)."""
    subject = _subject(work, comment_id, user_id)
    _settle(work, subject, summed_up(replace(subject.comment, **_FRESH), subject.flags))


def with_status(comment: State, status: Status) -> State:
    """The comment as a decision leaves it."""
    return replace(comment, **_STATES[status])


def record(
    work: Work,
    comment: State,
    current: Current | None,
    status: Status,
    *,
    user_id: int | None = None,
    rule_id: int | None = None,
) -> None:
    """Write the decision as the comment's only current one; owe its owner the news where they have a publisher.

    Parameters:
      current: the comment's current decision so far, which is that no more.
    """
    if current is not None:
        work.connection.execute(_OUTDATE, {"comment": comment.id})
    source: Source = "Rule" if user_id is None else "User"
    row = {
        "commentId": comment.id,
        "status": status,
        "source": source,
        "userId": user_id,
        "moderationRuleId": rule_id,
    }
    number = insert_one(work.connection, _RECORD, row)
    if comment.owner_id is not None:
        owe(work, comment, Recorded(number, comment.id, status, source, user_id, rule_id))


def is_moderators(comment: State, current: Current | None) -> bool:
    """Whether a person made a comment what it is now.

    Highlighting records no decision (quirk 6), but leaves the comment other than its current decision says. A
    decision without a user is a rule's (fact 12); a comment that was reset is undecided.
    """
    if not comment.is_moderated:
        return False
    if current is None or current.source == "User":
        return True
    if comment != with_status(comment, current.status):
        return True
    return current.status == "Accept" and comment.is_highlighted is not (current.action == "Highlight")


def defer(work: Work, comment: State, current: Current | None) -> State:
    """In our own name, have a comment that nobody has decided wait for a person, as rules that disagree do."""
    record(work, comment, current, "Defer")
    return replace(with_status(comment, "Defer"), is_auto_resolved=True)


def without_deferral(work: Work, comment: State, current: Current | None) -> State:
    """Undo what `defer` did, if that is what stands: the comment is undecided, and has no current decision."""
    if not comment.is_deferred or current != Current("Defer", "Rule", None, None):
        return comment
    work.connection.execute(_OUTDATE, {"comment": comment.id})
    return replace(comment, **_UNDECIDED)


@dataclass(frozen=True)
class _Subject:
    """A comment that a moderator acts on, and what is there of it."""

    comment: State
    around: Surroundings
    article: Place
    flags: list[Flag]
    moderator: int | None


def _subject(work: Work, comment_id: int, user_id: int | None) -> _Subject:
    """Look up and lock what an action needs."""
    moderator = find_user(work, user_id)
    comment = lock_state(work, comment_id)
    if comment is None:
        raise comment_not_found(comment_id)
    around, flags = with_flags(work, comment_id)
    if around.article is None:
        raise comment_without_article(comment_id)
    return _Subject(comment, around, around.article, flags, moderator)


def _settle(work: Work, subject: _Subject, after: State) -> None:
    by_moderator = subject.moderator is not None
    counts.carry(work, subject.comment, after, subject.article, by_moderator=by_moderator)
