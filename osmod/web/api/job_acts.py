"""What is done to jobs, made from the table of acts: to one by its id, or to all that fit once they were counted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from osmod.jobs.broker import JobBroker
from osmod.jobs.records.filters import JobFilter
from osmod.jobs.records.find import count
from osmod.jobs.records.naming import unknown
from osmod.jobs.records.reading import get_job
from osmod.jobs.steering import ACTS, Act, Course, OtherNumber, Parameter
from osmod.web.api.answers import answers
from osmod.web.api.choosing import Wanted, with_names
from osmod.web.api.jobs import no_record
from osmod.web.api.queue import Confirm, DryRun, JobId, Operator, Queue, Reason, confirmed, known_query, who
from osmod.web.api.shapes.jobs import ActOutcome
from osmod.web.problems import Problem

router = APIRouter(prefix="/jobs", tags=["acts on jobs"], dependencies=[Depends(known_query)])


def add(act: Act) -> None:
    """Add the two routes of an act."""
    told = Depends(_telling(act.parameter))

    def on_many(
        caller: Operator,
        broker: Queue,
        wanted: Wanted,
        told: dict[str, Any] = told,
        every: Annotated[
            bool, Query(alias="all", description="All jobs on which it can be done, without a condition.")
        ] = False,
        confirm: Confirm = None,
        dry_run: DryRun = False,
        reason: Reason = "",
    ) -> dict[str, Any]:
        if wanted == JobFilter() and not every:
            raise Problem(422, f"Say which jobs to {act.name}: id, conditions, or all=true.", field="all")
        if dry_run:
            number = act.rehearse(broker, wanted, by=who(caller), reason=reason).count
            return {"count": number, "dry_run": True}
        course = Course()
        if wanted.ids or not confirm:
            _counted(count(broker, act.affected(wanted)), broker, wanted, told)
        else:
            course.confirmed = confirm
        try:
            return act.run(broker, wanted, by=who(caller), reason=reason, course=course, **told).as_dict()
        except OtherNumber as other:
            _counted(other.found, broker, wanted, told)
            raise

    def _counted(number: int, broker: JobBroker, wanted: JobFilter, told: dict[str, Any]) -> None:
        """Refuse an act on no jobs, and on so many if they were not named one by one."""
        if not number:
            raise nothing_fits(broker, act, wanted)
        if not wanted.ids:
            confirmed(None, number, act.would(broker, wanted, number, **told))

    def on_one(
        caller: Operator,
        broker: Queue,
        job_id: JobId,
        told: dict[str, Any] = told,
        dry_run: DryRun = False,
        reason: Reason = "",
    ) -> dict[str, Any]:
        wanted = fit_job(broker, act, job_id)
        if dry_run:
            return {
                "count": act.rehearse(broker, wanted, by=who(caller), reason=reason).count,
                "dry_run": True,
            }
        return act.run(broker, wanted, by=who(caller), reason=reason, **told).as_dict()

    described = {**answers(ActOutcome, {"count": 1}, 404), "summary": act.sentence}
    router.post(
        f"/{act.name}",
        name=f"{act.name} jobs",
        description="Acts on all jobs that fit. Without `confirm`, the answer is 409 with their number. Jobs that are "
        "named by their ids need no confirmation.",
        **described,
    )(on_many)
    router.post(
        f"/{{job_id}}/{act.name}", name=f"{act.name} job", description="Acts on one job.", **described
    )(on_one)


def fit_job(broker: JobBroker, act: Act, job_id: str) -> JobFilter:
    """The job of an id, on which an act can be done now.

    Raises:
      Problem: 404, it is not there; 409, it is in another state; 422, the id is the beginning of several.
    """
    wanted = with_names(broker, JobFilter(ids=(job_id,)))
    job = get_job(broker, wanted.ids[0])
    if job is None:
        raise no_record(job_id)
    if job.state not in act.states:
        fit = ", ".join(act.states)
        detail = f"The job is {job.state}; one can {act.name} jobs that are {fit}."
        raise Problem(409, detail, state=job.state)
    return wanted


def _telling(parameter: Parameter | None) -> Callable[..., dict[str, Any]]:
    """The dependency that reads what an act has to be told."""
    if parameter is None:
        return _nothing
    name, read = parameter.name, parameter.read
    asked = Query(alias=name, description=parameter.sentence)

    def told(typed: str = asked) -> dict[str, Any]:
        return {name: read(typed)}

    return told


def _nothing() -> dict[str, Any]:
    return {}


def nothing_fits(broker: JobBroker, act: Act, wanted: JobFilter) -> Problem:
    """Of an act for which there is no job, with what may have been meant."""
    return Problem(404, " ".join([act.fits_no_job, *unknown(broker, wanted)]), count=0)


for _act in ACTS:
    add(_act)
