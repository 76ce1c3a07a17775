"""`/jobs`: find them, count them, look at one, send one. What is done to them stands in `job_acts`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from osmod.jobs.by_hand import UnknownActor, enqueue_by_hand
from osmod.jobs.durations import parse_duration
from osmod.jobs.messages.options import JOB_OPTIONS, refuse_unknown
from osmod.jobs.records.cursors import BadCursor
from osmod.jobs.records.filters import JobFilter
from osmod.jobs.records.find import PAGE, SCAN, count, find
from osmod.jobs.records.groups import SCAN as SCAN_FAILED
from osmod.jobs.records.groups import failure_groups
from osmod.jobs.records.naming import unknown
from osmod.jobs.records.reading import get_job
from osmod.jobs.records.typed import moment_of
from osmod.web.api.answers import answers
from osmod.web.api.choosing import Failed, Wanted, with_names
from osmod.web.api.examples import FAILURE_GROUP, ID, JOB
from osmod.web.api.queue import JobId, Operator, Queue, Text, Viewer, known_query, who
from osmod.web.api.shapes.jobs import FailureGroups, Job, JobCount, JobLog, Jobs, SentJob
from osmod.web.problems import Problem

router = APIRouter(prefix="/jobs", tags=["jobs"], dependencies=[Depends(known_query)])

#: What a job that is sent by hand may carry.
OPTIONS = JOB_OPTIONS | {
    *("priority", "delay", "due", "time_limit", "max_age"),
    *("max_retries", "min_backoff", "max_backoff"),
}


@router.get("", **answers(Jobs, {"jobs": [JOB], "cursor": "eyJ…", "cut": False, "hints": []}))
def list_jobs(
    _caller: Viewer,
    broker: Queue,
    wanted: Wanted,
    sort: Annotated[Literal["newest", "oldest"], Query(description="Which stand first.")] = "newest",
    limit: Annotated[int, Query(ge=1, le=1_000, description="Jobs in the page.")] = PAGE,
    cursor: Annotated[Text | None, Query(description="Go on after the page that said this.")] = None,
    scan: Annotated[int, Query(ge=0, le=10**9, description="Jobs looked at at most; 0: all.")] = SCAN,
) -> dict[str, Any]:
    """The jobs that fit, in pages.

    `cursor` goes on from a page; null: it was the last. `cut`: as many jobs were looked at as `scan` allows, further
    ones may fit. `hints`: names in the question that nothing is known by, with what may have been meant.
    """
    try:
        page = find(broker, wanted, limit=limit, cursor=cursor, scan=scan or None, oldest=sort == "oldest")
    except BadCursor as error:
        raise Problem(422, f"{error}.", field="cursor") from None
    hints = [] if page.jobs else unknown(broker, wanted)
    found = [job.as_dict() for job in page.jobs]
    return {"jobs": found, "cursor": page.cursor, "cut": page.cut, "hints": hints}


@router.get("/count", **answers(JobCount, {"count": 12, "hints": []}))
def count_jobs(_caller: Viewer, broker: Queue, wanted: Wanted) -> dict[str, Any]:
    """How many jobs fit, exactly. Conditions beyond state and queue look at every job there is."""
    number = count(broker, wanted)
    return {"count": number, "hints": [] if number else unknown(broker, wanted)}


@router.get(
    "/groups",
    **answers(FailureGroups, {"groups": [FAILURE_GROUP], "looked_at": 12, "cut": False, "hints": []}),
)
def group_failures(
    _caller: Viewer,
    broker: Queue,
    wanted: Failed,
    scan: Annotated[
        int, Query(ge=0, le=10**9, description="Failed jobs of a queue looked at at most; 0: all.")
    ] = SCAN_FAILED,
) -> dict[str, Any]:
    """What failed, by queue, actor and error, the largest group first: the place to begin when much failed."""
    found = failure_groups(broker, wanted, scan=scan or None)
    return {
        "groups": [group.as_dict() for group in found.groups],
        "looked_at": found.looked_at,
        "cut": found.cut,
        "hints": [] if found.groups else unknown(broker, wanted),
    }


class NewJob(BaseModel):
    """A job to be queued."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "actor": "sendCommentForScoring",
                "arguments": {"comment_id": 12},
                "options": {"priority": "high", "delay": "5 minutes"},
                "reason": "its scorer was down",
            }
        },
    )

    actor: Text = Field(description="The actor's name, in either spelling.")
    arguments: dict[Text, Any] = Field({}, description="Its arguments, in either spelling.")
    options: dict[Text, Any] = Field(
        {},
        description=f"Of these: {', '.join(sorted(OPTIONS))}. `delay` is milliseconds or words ('5 minutes'), `due` a "
        "moment in ISO 8601.",
    )
    reason: Text = Field("", max_length=1_000, description="Why; the audit log keeps it.")


_SENT = answers(SentJob, {"id": ID, "created": True}, 400, 404, 413, status=201)
_SENT["responses"][200] = {"model": SentJob, "description": "Another job has its `unique` key: this one."}


@router.post("", **_SENT)
def enqueue_job(caller: Operator, broker: Queue, job: NewJob, response: Response) -> dict[str, Any]:
    """Queue a job of any actor; its arguments are checked before.

    Where another job has its `unique` key, nothing is queued: the answer is 200, with that job's id.
    """
    try:
        options = _options(job)
        sent = enqueue_by_hand(broker, job.actor, job.arguments, options, by=who(caller), reason=job.reason)
    except UnknownActor as error:
        raise Problem(404, _sentence(error), field="actor") from None
    except (TypeError, ValueError) as error:
        raise Problem(422, _sentence(error)) from None
    if not sent.created:
        response.status_code = 200
    return {"id": sent.message_id, "created": sent.created}


@router.get("/{job_id}", **answers(Job, JOB, 404))
def show_job(_caller: Viewer, broker: Queue, job_id: JobId) -> dict[str, Any]:
    """All that is known of a job: times, worker, progress, log, error, result. Six characters of its id may do.

    Arguments that its actor calls sensitive are masked.
    """
    (whole,) = with_names(broker, JobFilter(ids=(job_id,))).ids
    job = get_job(broker, whole)
    if job is None:
        raise no_record(job_id)
    return job.as_dict()


@router.get("/{job_id}/log", **answers(JobLog, {"log": JOB["log"], "progress": JOB["progress"]}, 404))
def show_log(caller: Viewer, broker: Queue, job_id: JobId) -> dict[str, Any]:
    """What a job said of itself: the last 100 lines that it logged, and how far it is."""
    job = show_job(caller, broker, job_id)
    return {"log": job["log"], "progress": job["progress"]}


def no_record(job_id: str) -> Problem:
    """Of a job that is not there."""
    detail = f"There is no record of a job {job_id[:80]}: it was never sent, or is no longer kept."
    return Problem(404, detail, field="id")


def _options(job: NewJob) -> dict[str, Any]:
    """The options as `enqueue` takes them."""
    refuse_unknown(job.options, OPTIONS, f"a job of {job.actor!r}")
    options = dict(job.options)
    if isinstance(delay := options.get("delay"), str):
        options["delay"] = parse_duration(delay)
    if isinstance(due := options.get("due"), str):
        options["due"] = moment_of(due)
    return options


def _sentence(error: Exception) -> str:
    text = str(error).rstrip(".")
    return f"{text[:1].upper()}{text[1:]}."
