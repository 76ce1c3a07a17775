"""Schedules: what runs when, how the last runs went, and running, pausing or resuming one."""

from __future__ import annotations

from typing import Any

from osmod.access.roles import Permission
from osmod.jobs import by_hand
from osmod.jobs.schedules import ScheduleBusy, UnknownSchedule, list_schedules
from osmod.web.api.queue import the_queue
from osmod.web.pages.frame.page import UI, Page
from osmod.web.pages.frame.topics import Topic
from osmod.web.pages.frame.view import Act, Done, View
from osmod.web.problems import Problem

page = Page("schedules", "/schedules", "Schedules", Permission.SEE_JOBS)

_CHANGED = (Topic.SCHEDULES, Topic.JOBS, Topic.AUDIT)


@page.fragment("list", Topic.SCHEDULES, Topic.JOBS)
def schedules(view: View) -> dict[str, Any]:
    """A card a schedule."""
    return {"schedules": list_schedules(the_queue()), "may_steer": view.may(Permission.STEER_JOBS)}


@page.act("/schedules/{schedule}/{act}", Permission.STEER_JOBS)
def act_on_schedule(form: Act) -> Done:
    """Run one now, pause or resume it."""
    broker, name, reason = the_queue(), form.params["schedule"], form.field("reason")[:1_000]
    try:
        match form.params["act"]:
            case "run":
                sent = by_hand.run_schedule(broker, name, by=form.by, reason=reason)
                return Done(f"{name} is queued.", back=f"{UI}/jobs/{sent.message_id}", topics=_CHANGED)
            case "pause":
                changed = by_hand.pause_schedule(broker, name, by=form.by, reason=reason)
                return Done(f"{name} is paused{'' if changed else ' already'}.", topics=_CHANGED)
            case "resume":
                changed = by_hand.resume_schedule(broker, name, by=form.by, reason=reason)
                return Done(f"{name} is resumed{'' if changed else ' already'}.", topics=_CHANGED)
    except UnknownSchedule as error:
        raise Problem(404, str(error), field="schedule") from None
    except ScheduleBusy as error:
        raise Problem(409, str(error)) from None
    raise Problem(404, "There is no such act; there are run, pause and resume.", field="act")
