"""Overview: how queues, workers, schedules, scorers and publishers are doing, on one page."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from osmod.access.roles import Permission
from osmod.jobs import steering
from osmod.jobs.gate import Breaker
from osmod.jobs.queue.presence import known_queues, workers
from osmod.jobs.records.history import Ended, ended_by_minute, gathered
from osmod.jobs.records.naming import suggested
from osmod.jobs.records.overview import QueueOverview, queue_overview
from osmod.jobs.schedules import list_schedules
from osmod.jobs.states import JobState
from osmod.jobs.steering import workers as asking
from osmod.moderation.database import open_session
from osmod.moderation.models import now
from osmod.moderation.publishing.overview import publishers
from osmod.moderation.sending import active_scorers
from osmod.task import get_engine
from osmod.task.scorer_gates import gate_to_look_at
from osmod.web.api.queue import the_queue
from osmod.web.pages.frame.page import Page
from osmod.web.pages.frame.topics import Topic
from osmod.web.pages.frame.view import Act, Done, View
from osmod.web.problems import Problem

page = Page("overview", "/overview", "Overview", Permission.SEE_JOBS)

#: The states of the bar, from left to right.
BAR = (
    JobState.ACTIVE,
    JobState.WAITING,
    JobState.DELAYED,
    JobState.FAILED,
    JobState.CANCELLED,
    JobState.DONE,
)
#: Schedules that are shown: those that are due next.
NEXT = 5
#: Minutes of a day, and those that one bar of its chart stands for.
DAY, BAR_OF_DAY = 24 * 60, 15
#: For how long the oldest of a publisher's decisions may wait before it is said.
LATE = timedelta(minutes=1)

_ASK = {
    "quiet": (asking.quiet_workers, "finishes what runs, and begins nothing more"),
    "resume": (asking.resume_workers, "begins jobs again"),
    "stop": (asking.stop_workers, "ends once what runs is over"),
}


@page.fragment("queues", Topic.QUEUES, Topic.WORKERS)
def queues(_view: View) -> dict[str, Any]:
    """A card a queue: what is where, what waits longest, and what keeps it from running."""
    broker = the_queue()
    served = {name for one in workers(broker) for name in one.queues}
    found = [queue_overview(broker, name) for name in known_queues(broker)]
    return {"queues": sorted(found, key=_most_first), "served": served, "bar": BAR}


@page.fragment("charts", Topic.COUNTERS)
def charts(_view: View) -> dict[str, Any]:
    """What ended in the last hour by the minute, and in the last day by the quarter of an hour."""
    broker = the_queue()
    day = ended_by_minute(broker, known_queues(broker), DAY)
    hour = day[-60:]
    return {
        "charts": [
            ("The last hour", "each bar a minute", hour, sum(hour, Ended())),
            ("The last day", "each bar 15 minutes", gathered(day, BAR_OF_DAY), sum(day, Ended())),
        ]
    }


@page.fragment("workers", Topic.WORKERS)
def living(_view: View) -> dict[str, Any]:
    """The worker processes."""
    return {"workers": workers(the_queue()), "may_steer": _view.may(Permission.STEER_JOBS)}


@page.fragment("schedules", Topic.SCHEDULES)
def due_next(_view: View) -> dict[str, Any]:
    """The schedules that are due next."""
    states = [one for one in list_schedules(the_queue()) if one.next is not None]
    return {"due": sorted(states, key=lambda one: one.next or datetime.max.replace(tzinfo=UTC))[:NEXT]}


@page.fragment("outside", Topic.SCORERS, Topic.PUBLISHERS)
def outside(_view: View) -> dict[str, Any]:
    """Scorers that are not asked as they should be, and publishers that have not heard of decisions."""
    broker = the_queue()
    with open_session(get_engine()) as session:
        asked = [(one.id, one.name) for one in active_scorers(session)]
        told = list(publishers(session, last=False))
    gates = [(name, gate_to_look_at(broker, scorer_id).state()) for scorer_id, name in asked]
    moment = now()
    return {
        "scorers": len(asked),
        "held_up": [
            (name, one) for name, one in gates if one.breaker is not Breaker.CLOSED or one.paused_until
        ],
        "publishers": len(told),
        "behind": [one for one in told if one.disabled_at or (one.oldest and moment - one.oldest > LATE)],
    }


@page.act("/queues/{queue}/pause", Permission.STEER_JOBS)
def pause_queue(act: Act) -> Done:
    """Start no more jobs of a queue."""
    name = _queue(act)
    changed = steering.pause(the_queue(), name, by=act.by, reason=act.field("reason"))
    sentence = "is paused: what runs ends, nothing more is begun." if changed else "was paused already."
    return Done(f"{name} {sentence}", topics=(Topic.QUEUES,))


@page.act("/queues/{queue}/resume", Permission.STEER_JOBS)
def resume_queue(act: Act) -> Done:
    """Start its jobs again."""
    name = _queue(act)
    changed = steering.resume(the_queue(), name, by=act.by, reason=act.field("reason"))
    return Done(f"{name} {'goes on' if changed else 'was not paused'}.", topics=(Topic.QUEUES,))


@page.act("/workers/{worker}/{request}", Permission.STEER_JOBS)
def ask_worker(act: Act) -> Done:
    """Have a worker process be quiet, go on or stop."""
    broker, name = the_queue(), act.params["worker"]
    if act.params["request"] not in _ASK:
        raise Problem(404, f"Workers can be asked to {', '.join(_ASK)}, and nothing else.")
    names = [one.name for one in workers(broker)]
    if name not in names:
        raise Problem(404, f"{name[:80]} lives no more, so nothing was asked of it; {suggested(name, names)}")
    ask, future = _ASK[act.params["request"]]
    ask(broker, [name], by=act.by, reason=act.field("reason"))
    return Done(f"{name} {future}; it hears of it within five seconds.", topics=(Topic.WORKERS,))


def _queue(act: Act) -> str:
    name = act.params["queue"]
    if name not in (names := known_queues(the_queue())):
        raise Problem(404, f"There is no queue {name[:80]!r}; {suggested(name, names)}")
    return name


def _most_first(queue: QueueOverview) -> tuple[bool, str]:
    """By name, those in which nothing is after the others."""
    return (not any(queue.sizes.values()) and not any(queue.counters.values()), queue.name)
