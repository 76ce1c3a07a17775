"""Decisions on comments, by moderators and by rules, and the state of a comment that follows from them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import bindparam, select, update

from osmod.moderation import counts
from osmod.moderation.flags import resolve_open_flags, summarise
from osmod.moderation.lookups import find_user, lock_comment_of_article
from osmod.moderation.models import Action, Comment, Decision, ModerationRule, Source, Status
from osmod.moderation.publishing.owing import owe
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
_OUTDATE = (
    update(Decision)
    .where(Decision.comment_id == bindparam("comment"), Decision.is_current_decision.is_(True))
    .values(is_current_decision=False)
    .execution_options(synchronize_session=False)
)
_CURRENT = (
    select(Decision.status, Decision.source, Decision.moderation_rule_id, ModerationRule.action)
    .outerjoin(ModerationRule, ModerationRule.id == Decision.moderation_rule_id)
    .where(Decision.comment_id == bindparam("comment"), Decision.is_current_decision.is_(True))
    .order_by(Decision.id.desc())
    .limit(1)
)


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
    with _moderating(work, comment_id, user_id) as (comment, moderator):
        if with_flags:
            resolve_open_flags(work, comment, moderator)
        comment.is_batch_resolved = is_batch_action
        set_status(comment, status)
        record(work, comment, status, user_id=moderator)


def highlight(work: Work, comment_id: int, user_id: int | None, *, is_batch_action: bool) -> None:
    """Toggle a comment's highlight; it is accepted either way, and no decision is recorded (quirk 6)."""
    with _moderating(work, comment_id, user_id) as (comment, _moderator):
        comment.is_batch_resolved = is_batch_action
        comment.is_highlighted = not comment.is_highlighted
        set_status(comment, "Accept")


def reset(work: Work, comment_id: int, user_id: int | None) -> None:
    """Put a comment back to undecided. Its decisions stay current (quirk 7)."""
    with _moderating(work, comment_id, user_id) as (comment, _moderator):
        _set(comment, _FRESH)


def set_status(comment: Comment, status: Status) -> None:
    """Bring the comment's columns in line with a decision."""
    _set(comment, _STATES[status])


def record(
    work: Work, comment: Comment, status: Status, *, user_id: int | None = None, rule_id: int | None = None
) -> None:
    """Write the decision as the comment's only current one; owe its owner the news where they have a publisher."""
    session = work.session
    session.execute(_OUTDATE, {"comment": comment.id})
    decision = Decision(
        comment_id=comment.id,
        status=status,
        source="Rule" if user_id is None else "User",
        user_id=user_id,
        moderation_rule_id=rule_id,
    )
    session.add(decision)
    if comment.owner_id is not None:
        owe(work, comment, decision)


@dataclass(frozen=True)
class _Current:
    """A comment's current decision; `action` is that of its rule, if it has one."""

    status: Status
    source: Source
    rule_id: int | None
    action: Action | None


def _current(work: Work, comment: Comment) -> _Current | None:
    row = work.session.execute(_CURRENT, {"comment": comment.id}).first()
    return _Current(*row) if row else None


def is_moderators(work: Work, comment: Comment) -> bool:
    """Whether a person made a comment what it is now.

    Highlighting records no decision (quirk 6), but leaves the comment other than its current decision says. A
    decision without a user is a rule's (fact 12); a comment that was reset is undecided. Asks the database only of
    comments that are moderated.
    """
    if not comment.is_moderated:
        return False
    decision = _current(work, comment)
    if decision is None or decision.source == "User":
        return True
    state = _STATES[decision.status]
    if any(getattr(comment, attribute) != value for attribute, value in state.items()):
        return True
    return decision.status == "Accept" and comment.is_highlighted is not (decision.action == "Highlight")


def defer(work: Work, comment: Comment) -> None:
    """In our own name, have a comment that nobody has decided wait for a person, as rules that disagree do."""
    set_status(comment, "Defer")
    comment.is_auto_resolved = True
    record(work, comment, "Defer")


def take_back_deferral(work: Work, comment: Comment) -> None:
    """Undo what `defer` did, if that is what stands: the comment is undecided, and has no current decision."""
    if comment.is_deferred and _current(work, comment) == _Current("Defer", "Rule", None, None):
        _set(comment, _UNDECIDED)
        work.session.execute(_OUTDATE, {"comment": comment.id})


@contextmanager
def _moderating(work: Work, comment_id: int, user_id: int | None) -> Iterator[tuple[Comment, int | None]]:
    """Look up and lock what an action needs; afterwards sum up its flags and move the counts."""
    moderator = find_user(work.session, user_id)
    comment, article = lock_comment_of_article(work.session, comment_id)
    before = counts.standing(comment)
    yield comment, moderator
    summarise(work.session, comment)
    work.session.flush()
    counts.move(work, article, before, counts.standing(comment), by_moderator=moderator is not None)


def _set(comment: Comment, state: dict[str, Any]) -> None:
    for attribute, value in state.items():
        setattr(comment, attribute, value)
