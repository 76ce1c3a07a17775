"""An act on many jobs: first how many it means, then done to just so many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from osmod.access.roles import Permission
from osmod.jobs.errors import InvalidOption
from osmod.jobs.messages.options import PRIORITIES
from osmod.jobs.records.filters import JobFilter
from osmod.jobs.records.find import count
from osmod.jobs.records.naming import meant, unknown
from osmod.jobs.records.search import Search, search
from osmod.jobs.steering import ACTS, Course, OtherNumber, Outcome, just_done
from osmod.jobs.steering import Act as JobAct
from osmod.web.api.job_acts import nothing_fits
from osmod.web.api.queue import the_queue
from osmod.web.pages.frame.page import Page
from osmod.web.pages.frame.topics import Topic
from osmod.web.pages.frame.view import Act, Done, View
from osmod.web.pages.jobs import jobs_at
from osmod.web.problems import Problem

page = Page("jobs_act", "/jobs/act", "An act on jobs", Permission.STEER_JOBS, in_navigation=False)

#: What an act on jobs changes.
CHANGED = (Topic.JOBS, Topic.QUEUES, Topic.AUDIT)
#: Jobs that can be marked.
MARKED = 200


@page.look
def ask(view: View) -> dict[str, Any]:
    """How many jobs are meant, and what would become of them."""
    act = act_named(view.query.get("act", ""))
    ids, line = view.query.getlist("id")[:MARKED], view.query.get("q", "")
    if "marked" in view.query and not ids:  # without this all would be meant
        raise Problem(422, "No job is marked: go back and mark some, or choose the act on all that fit.")
    wanted = _wanted(ids, _readable(line))
    broker = the_queue()
    number = count(broker, act.affected(wanted))
    told = {act.parameter.name: f"the {act.parameter.name} chosen below"} if act.parameter else {}
    return {
        "title": act.name.capitalize(),
        "act": act,
        "ids": ids,
        "line": line,
        "number": number,
        "sentence": act.would(broker, wanted, number, **told) if number else act.fits_no_job,
        "hints": [] if number else unknown(broker, wanted),
        "back": jobs_at(line),
        "priorities": PRIORITIES,
    }


@page.act("/jobs/act", Permission.STEER_JOBS)
def act_on_jobs(form: Act) -> Done:
    """Do it to as many jobs as were counted; if there are others by now, that is said."""
    act = act_named(form.field("act"))
    ids, line = form.all("id")[:MARKED], form.field("q")
    wanted = _wanted(ids, _readable(line))
    broker = the_queue()
    course = Course(confirmed=_confirmed(form))
    told = {"reason": reason_in(form), **told_to(act, form)}
    try:
        outcome = act.run(broker, wanted, by=form.by, course=course, **told)
    except OtherNumber as other:
        if done := done_before(act, wanted, form):
            return replace(done, back=jobs_at(line))
        if not other.found:
            raise nothing_fits(broker, act, wanted) from None
        raise Problem(
            409,
            f"Nothing was changed: by now there are {other.found:,} such jobs. Load this page anew, and look again.",
            title="Other jobs by now",
        ) from None
    if not outcome.count and (done := done_before(act, wanted, form)):  # at the same moment
        return replace(done, back=jobs_at(line))
    return Done(
        f"{act.did(outcome, course.meant)}. The audit log has it.", back=jobs_at(line), topics=CHANGED
    )


def done_before(act: JobAct, wanted: JobFilter, form: Act) -> Done | None:
    """What was done when this form was sent first, as by a double click; None: it was not."""
    number = just_done(the_queue(), act.name, wanted, by=form.by, reason=reason_in(form))
    return (
        None
        if number is None
        else Done(f"{act.did(Outcome(number))} when this was sent first.", topics=CHANGED)
    )


def reason_in(form: Act) -> str:
    """Why, as far as it is kept."""
    return form.field("reason")[:1_000]


def act_named(name: str) -> JobAct:
    """The act that is called so.

    Raises:
      Problem: 422, none is.
    """
    for act in ACTS:
        if act.name == name:
            return act
    names = ", ".join(act.name for act in ACTS)
    raise Problem(422, f"There is no act {name[:40]!r}; there are {names}.", field="act")


def told_to(act: JobAct, form: Act) -> dict[str, Any]:
    """What an act has to be told, as the form says it.

    Raises:
      Problem: 422, it makes no sense.
    """
    if act.parameter is None:
        return {}
    try:
        return {act.parameter.name: act.parameter.read(form.field(act.parameter.name))}
    except InvalidOption as error:
        raise Problem(422, f"{error}.", field=act.parameter.name) from None


def _confirmed(form: Act) -> int:
    """How many jobs the reader said yes to; what is no number fits none."""
    text = form.field("confirm")
    return int(text) if text.isascii() and text.isdigit() and 0 < len(text) < 12 else -1


def _readable(line: str) -> Search:
    """What a line means, if all of it makes sense: what is left out of it would mean more jobs.

    Raises:
      Problem: 422.
    """
    found = search(the_queue(), line)
    if found.problems:
        raise Problem(
            422, f"Nothing was changed, as not all of the search makes sense. {' '.join(found.problems)}"
        )
    return found


def _wanted(ids: Sequence[str], found: Search) -> JobFilter:
    """The jobs that were marked, else all that are looked for."""
    return meant(the_queue(), JobFilter(ids=tuple(ids))) if ids else found.wanted
