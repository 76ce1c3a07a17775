"""How Kue's queue looks in a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from rich.table import Table
from rich.text import Text

from osmod.cli.queue_access import counted
from osmod.cli.tables import table
from osmod.jobs.logs.saying import on_one_line
from osmod.jobs.records.glance import brief, length
from osmod.kue.keys import STATES
from osmod.kue.status import HeldJob, KindStatus, KueStatus

#: Jobs of Node workers that are shown, those begun first.
_SHOWN = 5


def kinds_table(kinds: list[KindStatus], *, narrow: bool = False) -> Table:
    """Types, one a line; narrow, without the states in which nothing happens any more."""
    states = [state for state in STATES if not narrow or state in ("inactive", "active", "failed")]
    made = table("type", "actor", *(f">{state}" for state in states), ">taken")
    made.columns[0].overflow = "fold"
    for one in kinds:
        actor = Text("yes", style="green") if one.has_actor else Text("no", style="yellow")
        made.add_row(one.name, actor, *(brief(one.sizes[state]) for state in states), brief(one.taken))
    return made


def sentences(status: KueStatus) -> Iterator[str]:
    """What the table does not say, a line each; what is to be done about it stands in the line."""
    left = [one for one in status.kinds if not one.has_actor and one.sizes["inactive"]]
    if left:
        waiting = sum(one.sizes["inactive"] for one in left)
        yield f"{counted(waiting)} of types without an actor here: left to Kue's own workers."
    if status.moving or status.here:
        yield f"{counted(status.here)} here, not ended yet; {status.moving:,} on the way."
    if status.unclaimed:
        yield (
            f"{counted(status.unclaimed)} in nobody's line: a Node worker died as it took them, or takes them now. "
            "`osmod kue run` takes those that stay."
        )
    yield from (on_one_line(f"{str(one)[:1].upper()}{str(one)[1:]}.") for one in status.foreign)
    yield from _held(status)
    for one in status.repeating:
        due = f"next in {length(one.due - datetime.now(UTC))}" if one.due else "no program makes it any more"
        yield on_one_line(f"{one.kind} is repeated by kue-scheduler: {one.interval}; {due}.")
        if one.runs_twice:
            yield on_one_line(f"  It runs here by itself, too ({one.schedule}), so twice: {one.remedy}.")


def _held(status: KueStatus) -> Iterator[str]:
    if not status.held_count:
        return
    overdue = sum(one.overdue for one in status.held)
    over = f", {overdue:,} of them for longer than they may" if overdue else ""
    yield f"{counted(status.held_count)} begun by Node workers{over}:"
    yield from (on_one_line(f"  {_holding(one)}") for one in status.held[:_SHOWN])
    if status.held_count > _SHOWN:
        yield f"  and {status.held_count - _SHOWN:,} more (--json)"
    yield "Those of workers that are dead stay so: `osmod kue rescue` takes them over."


def _holding(one: HeldJob) -> str:
    since = f"{length(datetime.now(UTC) - one.since)} ago" if one.since else "at an unknown time"
    return f"job {one.job_id}, {one.kind}: by {one.worker or 'nobody who is named'}, {since}"
