"""How schedules look in a terminal."""

from __future__ import annotations

from datetime import UTC, datetime

from rich.table import Table
from rich.text import Text

from osmod.cli.tables import table, unwrapped
from osmod.jobs.records.glance import length
from osmod.jobs.schedules import ScheduleState


def schedules_table(states: list[ScheduleState], *, narrow: bool = False) -> Table:
    """Schedules, one a line; narrow, each with when it runs and how the last run went on lines below it."""
    return _narrow(states) if narrow else _wide(states)


def _wide(states: list[ScheduleState]) -> Table:
    made = table("schedule", "when", "next", "last", "outcome", ">took")
    now = datetime.now(UTC)
    for one in states:
        made.add_row(
            one.name, one.words, _next(one, now), _last(one, now), _outcome(one), length(one.last_duration)
        )
    return made


def _narrow(states: list[ScheduleState]) -> Table:
    made = unwrapped(">next", "schedule")
    now = datetime.now(UTC)
    for one in states:
        made.add_row(_next(one, now), Text(one.name, style="bold"))
        made.add_row("", Text(one.words))
        made.add_row("", Text(f"last {_last(one, now)}  {_outcome(one)}".rstrip()))
    return made


def _next(state: ScheduleState, now: datetime) -> str:
    if state.next is None:
        return "paused"
    return f"in {length(state.next - now)}" if state.next > now else "due"


def _last(state: ScheduleState, now: datetime) -> str:
    return f"{length(now - state.last_started)} ago" if state.last_started else "never"


def _outcome(state: ScheduleState) -> str:
    doing = "running" if state.running else "waiting" if state.waiting else state.last_outcome or ""
    reason = state.last_error.partition("\n")[0]
    return f"{doing}: {reason}" if reason and not state.running else doing
