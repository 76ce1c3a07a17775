"""Reads the records of jobs from the hashes that the queue's scripts keep of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from dramatiq import Actor, Message
from dramatiq.errors import DecodeError
from dramatiq.middleware import Retries

from osmod.jobs.messages.arguments import MASK, is_sensitive, masked, named, parameters, scrubbed, secrets
from osmod.jobs.queue.presence import known_queues
from osmod.jobs.records.record import JobError, JobRecord, LogLine, Progress
from osmod.jobs.records.runs import moment_of_millis, past_runs, worker_of
from osmod.jobs.states import JobState
from osmod.jobs.wire.queues import Queues
from osmod.jobs.wire.scripts import Script

RECORDS = Script(Path(__file__).parent / "lua" / "records.lua")

#: The fields of a job's hash that its record is read from.
FIELDS = (
    *("message", "state", "created", "due", "why", "priority", "retries", "lease", "started", "run"),
    *("finished", "error", "traceback", "progress", "log", "result", "deaths", "unique", "cancel", "past"),
)
_UNENDED = (JobState.WAITING, JobState.DELAYED, JobState.ACTIVE)
_ENDED = (JobState.DONE, JobState.FAILED, JobState.CANCELLED)


def get_job(broker: Queues, job_id: str, queue_name: str | None = None) -> JobRecord | None:
    """The record of a job, or None if there is none. Without its queue, all known ones are asked."""
    for name in [queue_name] if queue_name else known_queues(broker):
        if found := get_jobs(broker, name, [job_id])[0]:
            return found
    return None


def get_jobs(broker: Queues, queue_name: str, job_ids: Sequence[str]) -> list[JobRecord | None]:
    """The records of jobs of one queue, in one call; None for each that has no record."""
    rows = _fields(broker, queue_name, job_ids, FIELDS)
    return [record_of(broker, queue_name, job_id, row) for job_id, row in zip(job_ids, rows, strict=True)]


def get_messages_and_ends(
    broker: Queues, queue_name: str, job_ids: Sequence[str]
) -> list[tuple[bytes | None, int | None]]:
    """Of jobs of one queue, in one call: each's message as it is stored, and when it ended.

    Milliseconds of the epoch; None for what there is not.
    """
    rows = _fields(broker, queue_name, job_ids, ("message", "finished"))
    return [(message, _int((end or b"").partition(b" ")[0])) for message, end in rows]


def unended(broker: Queues, queue_name: str, job_ids: Sequence[str]) -> set[str]:
    """Those of these jobs of one queue that wait, are delayed or run, in one call."""
    states = get_states(broker, queue_name, job_ids)
    return {job_id for job_id, state in zip(job_ids, states, strict=True) if state in _UNENDED}


def get_states(broker: Queues, queue_name: str, job_ids: Sequence[str]) -> list[JobState | None]:
    """The states of jobs of one queue, in one call; None for each that has no record."""
    rows = _fields(broker, queue_name, job_ids, ("state",))
    return [JobState(state.decode()) if state else None for (state,) in rows]


def _fields(
    broker: Queues, queue_name: str, job_ids: Sequence[str], fields: Sequence[str]
) -> list[list[bytes | None]]:
    arguments = [one.encode() for one in (str(len(fields)), *fields, *job_ids)]
    rows: list[list[bytes | None]] = RECORDS.run(broker.links, broker.key_base(queue_name), arguments)
    return rows


def record_of(
    broker: Queues, queue_name: str, job_id: str, values: Sequence[bytes | None]
) -> JobRecord | None:
    """The record made of the values of `FIELDS`; None if they are those of no job."""
    row = dict(zip(FIELDS, values, strict=True))
    if row["message"] is None or row["state"] is None:
        return None
    state = JobState(row["state"].decode())
    try:
        message: Message[Any] = Message.decode(row["message"])
    except DecodeError:
        message = Message(queue_name, "unreadable", (), {}, {}, job_id)
    actor = broker.actors.get(message.actor_name)
    arguments = named(actor, message.args, message.kwargs)
    hidden = secrets(actor, arguments)
    retries = _int(row["retries"]) or 0
    made = retries + (1 if state not in (JobState.WAITING, JobState.DELAYED) and row["lease"] else 0)
    started, duration = _run(row, state)
    return JobRecord(
        id=job_id,
        queue=queue_name,
        actor=message.actor_name,
        state=state,
        arguments=masked(actor, arguments),
        args=_masked_args(actor, message.args),
        kwargs=masked(actor, message.kwargs),
        priority=_int(row["priority"]) or 0,
        attempts_made=made,
        attempts_left=0 if state in _ENDED else _attempts_left(broker, actor, message, made),
        created=_moment(_int(row["created"])),
        due=_moment(_int(row["due"])),
        waits_for=_why(row, state, hidden),
        started=_moment(started),
        finished=_moment(_int((row["finished"] or b"").partition(b" ")[0])) if state in _ENDED else None,
        duration=timedelta(milliseconds=duration) if duration is not None else None,
        worker=worker_of(_text(row["lease"]), _thread(row)),
        progress=_progress(row["progress"], hidden),
        log=_log(row["log"], hidden),
        error=_error(row, message, state, hidden),
        result=json.loads(row["result"]) if row["result"] else None,
        past=past_runs(_text(row["past"]), hidden),
        deaths=_int(row["deaths"]) or 0,
        unique=_text(row["unique"]) or None,
        label=_label(message, hidden),
        parent=message.options.get("parent"),
        cancelling=state is JobState.ACTIVE and row["cancel"] is not None,
        raw=message,
    )


def _label(message: Message[Any], hidden: Sequence[str]) -> str | None:
    label = message.options.get("label")
    return scrubbed(label, hidden) if isinstance(label, str) else None


def _run(row: dict[str, bytes | None], state: JobState) -> tuple[int | None, float | None]:
    """When the last run began, in ms, and how many ms it took, as well as they are known.

    A worker takes jobs in batches: `started` is when this one's batch was taken. `run` (beginning, thread) is
    reported of jobs that run for long; with the end of a run come its duration and thread.
    """
    if state in (JobState.WAITING, JobState.DELAYED):
        return None, None
    taken = _int(row["started"])
    began = int(row["run"].split()[0]) if row["run"] else taken
    end = (row["finished"] or b"").split(b" ", 2)
    if state not in _ENDED or not end[0]:
        return began, None
    if len(end) == 3:
        duration = float(end[1])
        return max(taken or 0, round(int(end[0]) - duration)), duration
    return (began, max(0, int(end[0]) - began)) if began is not None and row["lease"] else (began, None)


def _why(row: dict[str, bytes | None], state: JobState, hidden: Sequence[str]) -> str | None:
    due, _, why = _text(row["why"]).partition(" ")
    waits = state is JobState.DELAYED and due == _text(row["due"])
    return scrubbed(why, hidden) if waits and why else None


def _thread(row: dict[str, bytes | None]) -> str:
    end = _text(row["finished"]).split(" ", 2)
    return end[2] if len(end) == 3 else _text(row["run"]).partition(" ")[2]


def _error(
    row: dict[str, bytes | None], message: Message[Any], state: JobState, hidden: Sequence[str]
) -> JobError | None:
    if state is JobState.DONE:
        return None
    traceback = _text(row["traceback"]) or str(message.options.get("traceback") or "")
    reason = _text(row["error"])
    if not reason and traceback:
        reason = traceback.strip().rpartition("\n")[2]
    if not reason:
        return None
    kind, _, text = reason.partition(": ")
    return JobError(kind.rpartition(".")[2], scrubbed(text, hidden), scrubbed(traceback, hidden))


def _attempts_left(
    broker: Queues, actor: Actor[Any, Any] | None, message: Message[Any], made: int
) -> int | None:
    retries = next((one for one in broker.middleware if isinstance(one, Retries)), None)
    if actor is None or retries is None:
        return None
    if actor.options.get("retry_when", retries.retry_when) is not None:
        return None
    most = message.options.get("max_retries", actor.options.get("max_retries", retries.max_retries))
    return None if most is None else max(0, int(most) + 1 - made)


def _masked_args(actor: Actor[Any, Any] | None, args: Sequence[Any]) -> tuple[Any, ...]:
    names = parameters(actor)
    return tuple(
        MASK if is_sensitive(actor, names[at] if at < len(names) else str(at), value) else value
        for at, value in enumerate(args)
    )


def _progress(value: bytes | None, hidden: Sequence[str]) -> Progress | None:
    if not value:
        return None
    done, total, message = json.loads(value)
    return Progress(done, total, scrubbed(message, hidden))


def _log(value: bytes | None, hidden: Sequence[str]) -> tuple[LogLine, ...]:
    lines = (line.partition(" ") for line in _text(value).split("\n") if line)
    return tuple(
        LogLine(moment_of_millis(int(at)), scrubbed(json.loads(text), hidden)) for at, _, text in lines
    )


def _text(value: bytes | None) -> str:
    return (value or b"").decode("utf-8", "replace")


def _int(value: bytes | None) -> int | None:
    return int(value) if value else None


def _moment(millis: int | None) -> datetime | None:
    return moment_of_millis(millis) if millis is not None else None
