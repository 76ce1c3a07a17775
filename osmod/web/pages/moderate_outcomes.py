"""What became of a moderator's last acts: done, on their way, or failed and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import dramatiq
import redis
from dramatiq.errors import BrokerConnectionError
from sqlalchemy.orm import Session

from osmod.jobs.broker import JobBroker
from osmod.jobs.messages.arguments import takes
from osmod.jobs.records import JobRecord
from osmod.jobs.records.reading import get_jobs, get_states
from osmod.jobs.states import JobState
from osmod.moderation.delivery import INBOX_KEPT
from osmod.moderation.desk import acts, claims
from osmod.moderation.desk.outcomes import done_jobs, entry_jobs, jobs_of, owed_jobs, settle, withdraw
from osmod.moderation.models import DeskAct
from osmod.moderation.work import Owed

#: Acts that are shown.
SHOWN = 5
#: Jobs that failed whose reasons are told, and jobs that are asked about in one call.
ASKED, AT_ONCE = 20, 500
#: For so long it is known what became of an act.
KNOWN = INBOX_KEPT - timedelta(days=1)
#: For so long an owed job waits for a process that knows its task and what that takes, as while a new version is
#: rolled out.
UNKNOWN_FOR = timedelta(hours=1)
#: What was done, for a sentence that begins so.
VERBS = {
    "approve": "Approved",
    "reject": "Rejected",
    "defer": "Deferred",
    "highlight": "Highlighted",
    "reset": "Reset",
    "tag": "Tagged",
}


@dataclass(frozen=True)
class Outcome:
    """One act.

    Attributes:
      comments: the ids of its comments.
      done, pending: to how many of them it is done, and on its way.
      failed: comments to which it is not done, as their job failed, with the reason.
      partly: comments of which only what belongs to it failed: a reason to reject, flags that were to be open again.
      is_undo: whether it takes back another.
      can_undo: whether it is the last one that did anything, and done as far as it will be.
    """

    form: str
    words: str
    comments: tuple[int, ...]
    at: datetime
    done: int
    pending: int
    failed: tuple[tuple[int, str], ...]
    partly: tuple[tuple[int, str], ...]
    is_undo: bool
    can_undo: bool


def outcomes(session: Session, user_id: int, moment: datetime) -> list[Outcome]:
    """The last acts, newest first. Comments whose jobs are over are held no longer; commit it."""
    rows = [row for row in acts.latest(session, user_id, SHOWN) if row.at > moment - KNOWN]
    taken_back: set[str | None] = set()
    found: list[Outcome] = []
    is_last = True
    for row in rows:
        done = done_jobs(session, row)
        failed = failures(session, row, done)
        settle(session, row, done, failed)
        entries = [entry for entry in row.comments if entry["job"] not in failed]
        pending = sum(not {*done, *failed}.issuperset(entry_jobs(entry)) for entry in entries)
        partly = tuple(
            (entry["id"], failed[job]) for entry in entries for job in entry_jobs(entry) if job in failed
        )
        if pending or not (
            partly or len(entries) < len(row.comments)
        ):  # else another undo puts back the rest
            taken_back.add(row.undoes)
        may_be_undone = bool(entries) and row.undoes is None and row.form not in taken_back
        found.append(
            Outcome(
                form=row.form,
                words=_words(row),
                comments=tuple(entry["id"] for entry in row.comments),
                at=row.at,
                done=len(entries) - pending,
                pending=pending,
                failed=tuple(
                    (entry["id"], failed[entry["job"]]) for entry in row.comments if entry["job"] in failed
                ),
                partly=partly,
                is_undo=row.undoes is not None,
                can_undo=is_last and may_be_undone and not pending,
            )
        )
        is_last = is_last and not may_be_undone
    return found


def settle_held_for_long(session: Session, moment: datetime) -> None:
    """Let go of comments to which something was done that is over; commit it. Who did it may not look any more."""
    forms = claims.held_for_long(session, moment)
    if not forms:
        return
    for form in forms:
        act = acts.by_form(session, form)
        if act is not None:
            if act.at <= moment - UNKNOWN_FOR:
                withdraw(session, owed_jobs(session, act), _can_be_queued)
            done = done_jobs(session, act)
            settle(session, act, done, failures(session, act, done))
    claims.hold_on(session, forms, moment)


def _can_be_queued(job: Owed) -> bool:
    """Whether this process has an owed job's actor, and that takes its arguments."""
    actor = dramatiq.get_broker().actors.get(job.actor)
    if actor is None or job.arguments is None:
        return False
    return all(takes(actor, name) for name in job.arguments)


def failures(session: Session, act: DeskAct, done: set[str]) -> dict[str, str]:
    """By job, why those of an act failed that did. None are known where the queue is away.

    Jobs go from the outbox to the queue, and from there to the inbox, and are looked for in this order: one that is in
    none of them was deleted.
    """
    broker = dramatiq.get_broker()
    owed = owed_jobs(session, act)
    asked = [job for job in jobs_of(act) if job not in done and job not in owed]
    if not asked or not isinstance(broker, JobBroker):
        return {}
    queue = broker.get_actor("acceptComments").queue_name
    try:
        states: dict[str, JobState | None] = {}
        for first in range(0, len(asked), AT_ONCE):
            some = asked[first : first + AT_ONCE]
            states |= zip(some, get_states(broker, queue, some), strict=True)
        ended = [job for job, state in states.items() if state in (JobState.FAILED, JobState.CANCELLED)]
        records = get_jobs(broker, queue, ended[:ASKED])
    except (BrokerConnectionError, redis.RedisError):
        return {}
    found = dict.fromkeys(ended, "its job says why")
    found |= {record.id: _why(record) for record in records if record is not None}
    deleted = [job for job, state in states.items() if state is None]
    if deleted:
        entered = done_jobs(
            session, act
        )  # by now: MariaDB shows what was committed meanwhile, SQLite has us alone
        found |= {job: "its job was deleted before it had effect" for job in deleted if job not in entered}
    return found


def new_form(session: Session, user_id: int, *about: Any) -> str:
    """The id of a form: the same until this moderator does something, so that one that is sent twice acts once."""
    number = acts.number(session, user_id)
    return str(uuid5(NAMESPACE_URL, "/".join(map(str, (user_id, number, *about)))))


def _why(record: JobRecord) -> str:
    return f"{record.error.kind}: {record.error.message}" if record.error else "it was cancelled"


def _words(row: DeskAct) -> str:
    if row.undoes is not None:
        return "Took back: " + VERBS[row.act.removeprefix("undo ")].lower()
    return VERBS[row.act]
