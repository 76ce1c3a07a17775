"""What became of a moderator's last acts: done, on their way, or failed and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import dramatiq
from dramatiq.errors import BrokerConnectionError
from sqlalchemy.orm import Session

from osmod.jobs.broker import JobBroker
from osmod.jobs.records import JobRecord
from osmod.jobs.records.reading import get_jobs
from osmod.jobs.states import JobState
from osmod.moderation.desk import acts
from osmod.moderation.desk.outcomes import done_jobs, jobs_of, settle
from osmod.moderation.models import DeskAct

#: Acts that are shown, and jobs of one of them that are asked about.
SHOWN = 5
ASKED = 200
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
      done, pending: how many of its jobs have taken effect, and are on their way.
      failed: comments whose job failed, with the reason.
      can_undo: whether it is the last one, and done as far as it will be.
    """

    form: str
    words: str
    comments: tuple[int, ...]
    at: datetime
    done: int
    pending: int
    failed: tuple[tuple[int, str], ...]
    can_undo: bool


def outcomes(session: Session, user_id: int) -> list[Outcome]:
    """The last acts, newest first. Comments whose jobs are over are held no longer; commit it."""
    rows = acts.latest(session, user_id, SHOWN)
    last = acts.last(session, user_id)
    found = []
    for row in rows:
        done = done_jobs(session, row)
        failed = failures(row, done)
        settle(session, row, done, failed)
        entries = [entry for entry in row.comments if entry["job"] not in failed]
        pending = sum(entry["job"] not in done for entry in entries)
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
                can_undo=last is not None and row.form == last.form and not pending and bool(entries),
            )
        )
    return found


def failures(act: DeskAct, done: set[str]) -> dict[str, str]:
    """By job, why those of an act failed that did. None are known where the queue is away."""
    asked = [job for job in jobs_of(act) if job not in done][:ASKED]
    broker = dramatiq.get_broker()
    if not asked or not isinstance(broker, JobBroker):
        return {}
    try:
        records = _records(broker, asked)
    except BrokerConnectionError:
        return {}
    return {
        record.id: f"{record.error.kind}: {record.error.message}" if record.error else "it was cancelled"
        for record in records
        if record is not None and record.state in (JobState.FAILED, JobState.CANCELLED)
    }


def new_form(session: Session, user_id: int, *about: Any) -> str:
    """The id of a form: the same until this moderator does something, so that one that is sent twice acts once."""
    number = acts.number(session, user_id)
    return str(uuid5(NAMESPACE_URL, "/".join(map(str, (user_id, number, *about)))))


def _records(broker: JobBroker, job_ids: list[str]) -> Sequence[JobRecord | None]:
    queue = broker.get_actor("acceptComments").queue_name
    return get_jobs(broker, queue, job_ids)


def _words(row: DeskAct) -> str:
    if row.undoes is not None:
        return "Took back: " + VERBS[row.act.removeprefix("undo ")].lower()
    return VERBS[row.act]
