"""How queues look in a terminal."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from osmod.cli.tables import COLOURS, table, unwrapped
from osmod.jobs.logs.saying import on_one_line
from osmod.jobs.records.glance import brief, length
from osmod.jobs.records.overview import QueueOverview
from osmod.jobs.states import JobState

Rates = dict[str, dict[str, float]]
#: What a narrow table tells of, and in which words.
_SHOWN = {
    JobState.WAITING: "wait",
    JobState.DELAYED: "delay",
    JobState.ACTIVE: "run",
    JobState.FAILED: "fail",
}


def queues_table(found: list[QueueOverview], rates: Rates | None = None, *, narrow: bool = False) -> Any:
    """Queues, one a line; with rates, what ended in a second."""
    return _narrow(found, rates) if narrow else _wide(found, rates)


def _wide(found: list[QueueOverview], rates: Rates | None) -> Table:
    states = list(COLOURS)
    heads = [f">{state.value}" for state in states]
    ended = [">done/s", ">failed/s"] if rates else [">done so far", ">failed so far"]
    made = table("queue", *heads, ">oldest waits", *ended, "")
    for one in found:
        sizes = [
            Text(f"{one.sizes[state]:,}", COLOURS[state]) if one.sizes[state] else "·" for state in states
        ]
        if rates:
            counts = [f"{rates[one.name]['done']:,.1f}", f"{rates[one.name]['failed']:,.1f}"]
        else:
            counts = [f"{one.counters['done']:,}", f"{one.counters['failed']:,}"]
        made.add_row(one.name, *sizes, length(one.oldest_waiting), *counts, Text(_paused(one), "yellow"))
    return made


def _narrow(found: list[QueueOverview], rates: Rates | None) -> Group:
    heads = [f">{word}" for word in _SHOWN.values()]
    made = unwrapped("queue", *heads, ">oldest", ">done/s" if rates else ">done", grows=0)
    for one in found:
        sizes = [Text(brief(one.sizes[state]), COLOURS[state]) for state in _SHOWN]
        done = f"{rates[one.name]['done']:,.1f}" if rates else brief(one.counters["done"])
        made.add_row(one.name, *sizes, length(one.oldest_waiting), done)
    paused = [Text(on_one_line(f"{one.name} is {_paused(one)}"), "yellow") for one in found if one.paused]
    return Group(made, *paused)


def _paused(queue: QueueOverview) -> str:
    if not queue.paused:
        return ""
    by = f" by {queue.paused_by}" if queue.paused_by else ""
    return f"paused for {length(datetime.now(UTC) - queue.paused)}{by}"
