"""Decisions on comments, by moderators and by rules, and the state of a comment that follows from them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from sqlalchemy import Table, bindparam, insert, update

from osmod.moderation.counts import Change, carry
from osmod.moderation.database import insert_one
from osmod.moderation.flags import resolve, resolved, summed_up, unresolved
from osmod.moderation.lookups import find_users
from osmod.moderation.models import Decision, Source, Status
from osmod.moderation.overtaken import refuse_overtaken
from osmod.moderation.publishing.owing import owe
from osmod.moderation.publishing.reasons import Recorded
from osmod.moderation.rounds import in_rounds
from osmod.moderation.state import State
from osmod.moderation.surroundings import Current, Subject, lock_placed_subjects
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
    .where(
        _decisions.c.commentId.in_(bindparam("comments", expanding=True)),
        _decisions.c.isCurrentDecision.is_(True),
    )
    .values(isCurrentDecision=False)
)
_RECORD = insert(_decisions)


@dataclass(frozen=True)
class Act:
    """What somebody does to a comment. Without a user it is recorded as a rule's (fact 12)."""

    comment_id: int
    user_id: int | None
    is_batch_action: bool = False


def decide(work: Work, status: Status, acts: Sequence[Act], *, with_flags: bool = False) -> None:
    """Moderators accept, reject or defer comments; `with_flags` resolves their open flags too.

    Highlighting stays as it is (quirk 6).

    Raises:
      NotFound: there is no such user or comment.
      Conflict: a comment has no article. Everything is to be rolled back then.
    """
    for some in in_rounds(acts):
        subjects = _subjects(work, some)
        if with_flags:
            resolve(work, [(flag, one.moderator) for one in subjects for flag in unresolved(one.flags)])
        record(
            work,
            [Ruling(one.comment, one.around.current, status, user_id=one.moderator) for one in subjects],
        )
        _settle(work, subjects, lambda one: _decided(one, status, with_flags=with_flags))


def highlight(work: Work, acts: Sequence[Act]) -> None:
    """Toggle comments' highlight; they are accepted either way, and no decision is recorded (quirk 6)."""
    for some in in_rounds(acts):
        _settle(work, _subjects(work, some), _toggled)


def reset(work: Work, acts: Sequence[Act]) -> None:
    """Put comments back to undecided. Their decisions stay current (quirk 7)."""
    for some in in_rounds(acts):
        _settle(work, _subjects(work, some), lambda one: summed_up(one.comment._replace(**_FRESH), one.flags))


def with_status(comment: State, status: Status) -> State:
    """The comment as a decision leaves it."""
    return comment._replace(**_STATES[status])


@dataclass(frozen=True)
class Ruling:
    """A decision that is to be recorded. `current`: the comment's current one so far, which is that no more."""

    comment: State
    current: Current | None
    status: Status
    user_id: int | None = None
    rule_id: int | None = None

    @property
    def source(self) -> Source:
        """Whose it is."""
        return "Rule" if self.user_id is None else "User"


def record(work: Work, rulings: Sequence[Ruling]) -> None:
    """Write decisions, each as its comment's only current one; owe owners the news where they have a publisher."""
    outdated = [ruling.comment.id for ruling in rulings if ruling.current is not None]
    if outdated:
        work.connection.execute(_OUTDATE, {"comments": outdated})
    unowned = [_row(ruling) for ruling in rulings if ruling.comment.owner_id is None]
    if unowned:
        work.connection.execute(_RECORD, unowned)
    for ruling in rulings:
        comment = ruling.comment
        if comment.owner_id is not None:
            number = insert_one(work.connection, _RECORD, _row(ruling))
            of_it = (comment.id, ruling.status, ruling.source, ruling.user_id, ruling.rule_id)
            owe(work, comment, Recorded(number, *of_it))


def _row(ruling: Ruling) -> dict[str, Any]:
    return {
        "commentId": ruling.comment.id,
        "status": ruling.status,
        "source": ruling.source,
        "userId": ruling.user_id,
        "moderationRuleId": ruling.rule_id,
    }


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
    record(work, [Ruling(comment, current, "Defer")])
    return with_status(comment, "Defer")._replace(is_auto_resolved=True)


def without_deferral(work: Work, comment: State, current: Current | None) -> State:
    """Undo what `defer` did, if that is what stands: the comment is undecided, and has no current decision."""
    if not comment.is_deferred or current != Current("Defer", "Rule", None, None):
        return comment
    work.connection.execute(_OUTDATE, {"comments": [comment.id]})
    return comment._replace(**_UNDECIDED)


@dataclass(frozen=True)
class _Acted(Subject):
    """A comment that a moderator acts on."""

    act: Act
    moderator: int | None


def _subjects(work: Work, acts: Sequence[Act]) -> list[_Acted]:
    """Look up and lock what acts need, each of them on a comment of its own."""
    moderators = find_users(work, [act.user_id for act in acts])
    found = lock_placed_subjects(work, [act.comment_id for act in acts])
    refuse_overtaken(work, found)
    return [
        _Acted(**vars(found[act.comment_id]), act=act, moderator=moderator)
        for act, moderator in zip(acts, moderators, strict=True)
    ]


def _decided(subject: _Acted, status: Status, *, with_flags: bool) -> State:
    flags = resolved(subject.flags) if with_flags else subject.flags
    decided = with_status(subject.comment, status)
    return summed_up(decided._replace(is_batch_resolved=subject.act.is_batch_action), flags)


def _toggled(subject: _Acted) -> State:
    toggled = with_status(subject.comment, "Accept")._replace(
        is_batch_resolved=subject.act.is_batch_action, is_highlighted=not subject.comment.is_highlighted
    )
    return summed_up(toggled, subject.flags)


def _settle(work: Work, subjects: Sequence[_Acted], after: Callable[[_Acted], State]) -> None:
    carry(
        work,
        [
            Change(one.comment, after(one), one.around.article, by_moderator=one.moderator is not None)
            for one in subjects
        ],
    )
