"""What became of acts at the desk: a job has taken effect once the inbox has its message."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from osmod.moderation import delivery
from osmod.moderation.desk.claims import let_go
from osmod.moderation.models import Claim, DeskAct, InboxEntry, OutboxEntry
from osmod.moderation.work import Owed


def jobs_of(act: DeskAct) -> list[str]:
    """The ids of an act's jobs."""
    return [job for entry in act.comments for job in entry_jobs(entry)]


def entry_jobs(entry: dict[str, Any]) -> list[str]:
    """The ids of the jobs of one of its comments. Rows of earlier versions have one or none in place of a list."""
    also = entry["also"]
    return [entry["job"], *(also if isinstance(also, list) else filter(None, [also]))]


def done_jobs(session: Session, act: DeskAct) -> set[str]:
    """Which of an act's jobs have taken effect."""
    entered = select(InboxEntry.message_id).where(InboxEntry.message_id.in_(jobs_of(act)))
    return set(session.scalars(entered))


def owed_jobs(session: Session, act: DeskAct) -> set[str]:
    """Which of an act's jobs the queue does not have yet."""
    owed = select(OutboxEntry.message_id).where(OutboxEntry.message_id.in_(jobs_of(act)))
    return set(session.scalars(owed))


def withdraw(session: Session, jobs: Collection[str], can_be_queued: Callable[[Owed], bool]) -> None:
    """Owe no longer those of the jobs that can never be queued: they would wait for ever.

    One that another process has just queued all the same is found in the queue.
    """
    entries = session.scalars(select(OutboxEntry).where(OutboxEntry.message_id.in_(jobs)))
    owed = [Owed(entry.message_id, entry.actor, entry.arguments) for entry in entries]
    delivery.settle(session, [job for job in owed if not can_be_queued(job)])


def settle(session: Session, act: DeskAct, done: Collection[str], failed: Collection[str] = ()) -> None:
    """Hold no longer the comments of which all jobs are done or have failed: these are offered again."""
    ended = {*done, *failed}
    over = [entry["id"] for entry in act.comments if ended.issuperset(entry_jobs(entry))]
    if over:
        let_go(session, act.form, over)


def settle_held(session: Session, held: Iterable[Claim]) -> None:
    """The same for whatever act holds comments."""
    forms = {claim.form for claim in held if claim.form is not None}
    for act in session.scalars(select(DeskAct).where(DeskAct.form.in_(forms))):
        settle(session, act, done_jobs(session, act))
