"""One job: where it stands, its runs, what it said, what it is about, and what can be done to it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from osmod.access.roles import Permission
from osmod.jobs.broker import JobBroker
from osmod.jobs.messages.options import PRIORITIES
from osmod.jobs.records.filters import JobFilter
from osmod.jobs.records.find import find
from osmod.jobs.records.naming import AmbiguousId, meant
from osmod.jobs.records.reading import get_job
from osmod.jobs.records.record import JobRecord
from osmod.jobs.records.story import story, where_it_stands
from osmod.jobs.steering import ACTS, Course
from osmod.web.api.job_acts import fit_job
from osmod.web.api.queue import the_queue
from osmod.web.pages.frame.page import NotHere, Page
from osmod.web.pages.frame.topics import Topic
from osmod.web.pages.frame.view import Act, Done, View
from osmod.web.pages.jobs import jobs_at, line_of
from osmod.web.pages.jobs_act import CHANGED, act_named, done_before, reason_in, told_to
from osmod.web.problems import Problem

page = Page("job", "/jobs/{job_id}", "Job", Permission.SEE_JOBS, in_navigation=False)

#: Jobs shown that it sent, or that are about the same comment; and looked at for them.
RELATED, LOOKED_AT = 10, 2_000
#: Acts that can be undone, or change little: done without a question.
AT_ONCE = ("retry", "promote", "prioritise")


@page.look
def frame(view: View) -> dict[str, Any]:
    """The job's name."""
    job = _job(view)
    return {"title": job.actor, "job": job}


@page.fragment("now", Topic.JOBS)
def now(view: View) -> dict[str, Any]:
    """Where it stands, how far it is, and what can be done to it."""
    job = _job(view)
    acts = [act for act in ACTS if job.state in act.states] if view.may(Permission.STEER_JOBS) else []
    return {
        "job": job,
        "sentence": where_it_stands(job, datetime.now(UTC)),
        "acts": acts,
        "at_once": AT_ONCE,
        "priorities": PRIORITIES,
        "steps": story(job),
        "same_error": _line_of_error(job),
    }


@page.fragment("facts", Topic.JOBS)
def facts(view: View) -> dict[str, Any]:
    """What it is: its arguments, when it was sent, what it returned."""
    return {"job": _job(view), "jobs_at": jobs_at}


@page.fragment("related", Topic.JOBS)
def related(view: View) -> dict[str, Any]:
    """What sent it, what it sent, and what else there is about its comment."""
    broker, job = the_queue(), _job(view)
    children = find(broker, JobFilter(parent=job.id), limit=RELATED, scan=LOOKED_AT) if job.started else None
    comment = job.arguments.get("comment_id")
    about = JobFilter(arguments={"comment_id": comment})
    return {
        "job": job,
        "parent": get_job(broker, job.parent) if job.parent else None,
        "children": children,
        "all_children": jobs_at(line_of(JobFilter(parent=job.id))),
        "comment": comment,
        "may_moderate": view.may(Permission.MODERATE),
        "others": [one for one in find(broker, about, limit=RELATED, scan=LOOKED_AT).jobs if one.id != job.id]
        if comment is not None
        else [],
        "all_others": jobs_at(line_of(about)),
    }


@page.act("/jobs/{job_id}/{act}", Permission.STEER_JOBS)
def act_on_job(form: Act) -> Done:
    """Do an act to one job, if it is in a state for it."""
    broker, act = the_queue(), act_named(form.params["act"])
    try:
        wanted = fit_job(broker, act, form.params["job_id"])
    except Problem:
        done = done_before(act, JobFilter(ids=(form.params["job_id"],)), form)
        if done is None:
            raise
        return done
    course = Course()
    outcome = act.run(broker, wanted, by=form.by, course=course, reason=reason_in(form), **told_to(act, form))
    if not outcome.count:
        return Done(
            "Nothing was changed: the job changed meanwhile, or another has its unique key.", topics=CHANGED
        )
    return Done(f"{act.did(outcome, course.meant)}. The audit log has it.", topics=CHANGED)


def _job(view: View) -> JobRecord:
    """The job that the address names, by its id or the beginning of it.

    Raises:
      Problem: 404.
    """
    job_id = view.params["job_id"]
    found = get_job(the_queue(), _whole(the_queue(), job_id))
    if found is None:
        raise NotHere(
            f"There is no record of a job {job_id[:80]}. It may be done (jobs that are done leave no record unless "
            "WORKER_REMOVE_TASK_ON_COMPLETE=false), have been deleted, or be gone by its age.",
            _HERE,
        )
    return found


#: Where there are more of them.
_HERE = ("Jobs", "/ui/jobs")


def _whole(broker: JobBroker, job_id: str) -> str:
    try:
        return meant(broker, JobFilter(ids=(job_id,))).ids[0]
    except AmbiguousId as error:
        raise NotHere(f"{error}.", _HERE) from None


def _line_of_error(job: JobRecord) -> str:
    """The address of the jobs that failed as this one did."""
    if job.error is None:
        return ""
    return jobs_at(line_of(JobFilter(actor=job.actor, error=job.error.kind)))
