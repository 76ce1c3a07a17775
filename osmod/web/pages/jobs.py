"""Jobs: found by one line, counted beside it, failures gathered, and what can be done to many of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Query
from starlette.responses import HTMLResponse

from osmod.access.callers import Caller
from osmod.access.roles import Permission
from osmod.jobs.broker import JobBroker
from osmod.jobs.records.cursors import BadCursor
from osmod.jobs.records.facets import Tally, facets
from osmod.jobs.records.filters import JobFilter
from osmod.jobs.records.find import Page as Found
from osmod.jobs.records.find import find
from osmod.jobs.records.groups import FailureGroup, failure_groups
from osmod.jobs.records.naming import unknown
from osmod.jobs.records.search import QUALIFIERS, Search, known_arguments, search, written
from osmod.jobs.records.suggesting import suggestions
from osmod.jobs.states import JobState
from osmod.jobs.steering import ACTS, Act, audit_log
from osmod.web.api.queue import the_queue
from osmod.web.pages.frame.page import UI, Page
from osmod.web.pages.frame.session import page_needs
from osmod.web.pages.frame.templates import render
from osmod.web.pages.frame.topics import Topic
from osmod.web.pages.frame.view import View

page = Page("jobs", "/jobs", "Jobs", Permission.SEE_JOBS)

#: Jobs on a page, and looked at for one where no index helps: a page is there at once, and another looks further.
JOBS, LOOKED_AT = 50, 3_000
#: Failed jobs of a queue that are gathered; groups and acts shown.
GATHERED, GROUPS, ACTS_SHOWN = 2_000, 12, 5


def jobs_at(line: str = "", **more: str) -> str:
    """The address of the jobs that a line means."""
    given = [(name, value) for name, value in {"q": line, **more}.items() if value]
    query = urlencode(given, errors="replace")
    return f"{UI}/jobs?{query}" if query else f"{UI}/jobs"


def line_of(wanted: JobFilter) -> str:
    """The line that means these jobs, in this process."""
    return written(wanted, known_arguments(the_queue()))


@page.look
def frame(view: View) -> dict[str, Any]:
    """The search box. Redis is not asked: the box stands while it is away."""
    return {
        "typed": view.query.get("q", ""),
        "qualifiers": QUALIFIERS,
        "oldest": _is_oldest_first(view),
        "turned": jobs_at(view.query.get("q", ""), sort="" if _is_oldest_first(view) else "oldest"),
    }


@page.fragment("facets", Topic.JOBS, Topic.QUEUES)
def choices(view: View) -> dict[str, Any]:
    """States, queues and actors, with how many jobs each would leave."""
    found = asked(view)
    counted = facets(the_queue(), found.wanted)
    wanted = found.wanted
    return {
        "columns": [
            ("state", _choices(found, "state", counted.states, wanted.states)),
            ("queue", _choices(found, "queue", counted.queues, (wanted.queue,))),
            ("actor", _choices(found, "actor", counted.actors, (wanted.actor,))),
        ]
    }


@page.fragment("groups", Topic.JOBS)
def groups(view: View) -> dict[str, Any]:
    """What failed, by actor and error, where failures are among what is looked for."""
    found, broker = asked(view), the_queue()
    states = found.wanted.states
    if found.problems or (states and JobState.FAILED not in states) or not _is_by_name(found.wanted):
        return {"groups": [], "cut": False, "more": 0}
    gathered = failure_groups(broker, found.wanted, scan=GATHERED)
    shown = gathered.groups[:GROUPS]
    return {
        "groups": [(one, jobs_at(line), acts_on(line)) for one in shown for line in [_line_of_group(one)]],
        "cut": gathered.cut,
        "more": len(gathered.groups) - len(shown),
    }


@page.fragment("rows", Topic.JOBS)
def rows(view: View) -> dict[str, Any]:
    """A page of jobs, and what can be done to those that are marked, or to all that fit."""
    found, broker = asked(view), the_queue()
    oldest = _is_oldest_first(view)
    page_of_jobs, wrong = _page(broker, found.wanted, view.query.get("cursor", ""), oldest)
    line, sort = str(found), "oldest" if oldest else ""
    return {
        "jobs": page_of_jobs.jobs,
        "cut": page_of_jobs.cut,
        "looked_at": page_of_jobs.looked_at,
        "unread": page_of_jobs.unread,
        "hints": [] if page_of_jobs.jobs else unknown(broker, found.wanted),
        "problems": [*found.problems, *([wrong] if wrong else [])],
        "line": line,
        "first": jobs_at(line, sort=sort) if view.query.get("cursor") else "",
        "following": jobs_at(line, sort=sort, cursor=page_of_jobs.cursor) if page_of_jobs.cursor else "",
        "acts": _acts_for(found.wanted.states) if view.may(Permission.STEER_JOBS) else (),
        "on_all": acts_on(line) if not found.problems else {},
        "now": datetime.now(UTC),
        "is_everything": not found.terms,
    }


@page.fragment("done", Topic.AUDIT, Topic.JOBS)
def done_last(_view: View) -> dict[str, Any]:
    """What somebody did last, as the audit log has it."""
    return {"acts": audit_log(the_queue(), limit=ACTS_SHOWN)}


@page.router.get(f"{UI}/jobs/suggest")
def suggest(
    _caller: Annotated[Caller, page_needs(Permission.SEE_JOBS)],
    q: Annotated[str, Query(max_length=1_000)] = "",
) -> HTMLResponse:
    """Lines that go on from what was typed, for the list under the search box."""
    return HTMLResponse(render("jobs_suggestions.html", suggestions=suggestions(the_queue(), q)))


def asked(view: View) -> Search:
    """What the page's line means."""
    return search(the_queue(), view.query.get("q", ""))


def acts_on(line: str) -> dict[str, str]:
    """Where an act on all jobs that a line means is asked for, by the act's name."""
    return {
        act.name: f"{UI}/jobs/act?{urlencode({'act': act.name, 'q': line}, errors='replace')}" for act in ACTS
    }


def _page(broker: JobBroker, wanted: JobFilter, cursor: str, oldest: bool) -> tuple[Found, str]:
    """A page of jobs; from the beginning, and with a sentence, where the address goes on from nothing."""
    try:
        return find(broker, wanted, limit=JOBS, cursor=cursor or None, scan=LOOKED_AT, oldest=oldest), ""
    except BadCursor as error:
        return find(
            broker, wanted, limit=JOBS, scan=LOOKED_AT, oldest=oldest
        ), f"This is the first page: {error}."


def _is_oldest_first(view: View) -> bool:
    return view.query.get("sort") == "oldest"


def _choices(
    found: Search, name: str, tallies: Mapping[Any, Tally], chosen: Sequence[str | None]
) -> list[tuple[str, Tally, bool, str]]:
    """What can be chosen: its name, how many jobs that leaves, whether it is chosen, and where a click leads, which is
    to the jobs with it or, where it is chosen, to those without."""
    return [
        (str(one), tally, one in chosen, jobs_at(found.having(**{name: "" if one in chosen else str(one)})))
        for one, tally in tallies.items()
    ]


def _is_by_name(wanted: JobFilter) -> bool:
    """Whether nothing is asked for that failures are not gathered by."""
    return not (wanted.ids or wanted.arguments or wanted.words or wanted.parent)


def _line_of_group(group: FailureGroup) -> str:
    return line_of(
        JobFilter(queue=group.queue, actor=group.actor, error=group.error, states=(JobState.FAILED,))
    )


def _acts_for(states: tuple[JobState, ...]) -> list[Act]:
    """The acts that can change jobs in one of these states."""
    return [act for act in ACTS if not states or {*act.states} & {*states}]
