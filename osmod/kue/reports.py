"""What Kue is told of a job: our record, in the words of `lua/tell.lua`."""

from __future__ import annotations

import json
import time
from datetime import datetime
from typing import Any

from osmod.jobs.records.record import JobError, JobRecord
from osmod.jobs.states import JobState

#: Characters of an error in full.
_LONGEST = 20_000
_ENDS = {JobState.DONE: "complete", JobState.FAILED: "failed", JobState.CANCELLED: "failed"}
#: What is said of a job of which nothing is known here.
UNKNOWN = (
    "osmod-worker knows nothing of this job any more: it was deleted there, or it ended and its record expired before "
    "Kue could be told. Whether it did its work is not known: look, before you have it run again."
)


def report(record: JobRecord) -> dict[str, Any]:
    """What there is to tell of a job, all of it: what was told before is not told again."""
    failures = [
        [_millis(run.started) or 0, *_in_words(run.reason or "It failed.")]
        for run in record.past
        if run.outcome == "retried"
    ]
    told: dict[str, Any] = {"id": record.id, "tries": _tries(record), "failures": failures}
    told["log"] = [[_millis(line.at), line.text] for line in record.log]
    if (started := _millis(record.started)) is not None:
        told["started"] = started
    if record.progress is not None:
        told["progress"] = int(record.progress.share * 100)
        if record.progress.message:
            told["progress_data"] = json.dumps(record.progress.message)
    if record.state in _ENDS:
        told |= _end(record)
    return told


def report_of_none(message_id: str) -> dict[str, Any]:
    """That nothing is known here of a job that was taken."""
    end = {"ended": "failed", "at": int(time.time() * 1000), "message": UNKNOWN, "text": UNKNOWN}
    return {"id": message_id, "tries": 0, "failures": [], "log": [], **end}


def _end(record: JobRecord) -> dict[str, Any]:
    end: dict[str, Any] = {"ended": _ENDS[record.state], "at": _millis(record.finished) or 0}
    if record.state is JobState.DONE:
        end["duration"] = round(record.duration.total_seconds() * 1000) if record.duration is not None else 0
        if record.result:
            end["result"] = _as_javascript(record.result)
        return end
    end["message"], end["text"] = _of_error(record.error, cancelled=record.state is JobState.CANCELLED)
    return end


def _of_error(error: JobError | None, *, cancelled: bool) -> tuple[str, str]:
    """In short, as Kue's `failed` says it, and in full, as its field `error` does: kind and message come first."""
    if error is None:
        return "It failed.", "It failed."
    head = f"{error.kind}: {error.message}" if error.message else error.kind
    short = head if cancelled else error.message or error.kind
    return short[:_LONGEST], f"{head}\n{error.traceback}".strip()[:_LONGEST]


def _as_javascript(value: Any) -> str:
    """JSON as JavaScript writes it, where what is no number, or an infinite one, is null."""
    try:
        return json.dumps(value, allow_nan=False)
    except ValueError:
        return json.dumps(json.loads(json.dumps(value), parse_constant=lambda _: None))


def _in_words(reason: str) -> list[str]:
    kind, _, message = reason.partition(": ")
    return [message or kind, reason]


def _tries(record: JobRecord) -> int:
    """How many runs failed before the present or last one."""
    running = record.state not in (JobState.WAITING, JobState.DELAYED)
    return max(0, record.attempts_made - (1 if running else 0))


def _millis(moment: datetime | None) -> int | None:
    return round(moment.timestamp() * 1000) if moment is not None else None
