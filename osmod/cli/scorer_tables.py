"""How scorers, and what they answer, look in a terminal."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from rich.table import Table
from rich.text import Text

from osmod.cli.tables import table
from osmod.jobs.gate import Breaker
from osmod.jobs.logs.saying import on_one_line
from osmod.jobs.records.glance import brief, length
from osmod.operating.scorers import ScorerState
from osmod.scorers import Limits


def scorers_table(states: Iterable[ScorerState], *, narrow: bool = False) -> Table:
    """Scorers, one a line, what is wrong with one on a line below it; narrow, with where it is asked on others."""
    return _narrow(states) if narrow else _wide(states)


def _wide(states: Iterable[ScorerState]) -> Table:
    made = table(
        *(">id", "name", "type", "state", "limits", ">a minute", ">in flight", ">waiting"),
        *(">last asked", "endpoint"),
    )
    for one in states:
        gate = one.gate
        made.add_row(
            *(str(one.id), on_one_line(one.name), one.type, _state(one), limited(one.limits)),
            *(map(brief, (gate.last_minute, gate.in_flight, gate.waiting)) if gate else ("", "", "")),
            *(_ago(one), on_one_line(one.endpoint)),
        )
        if why := _why(one):
            made.add_row(*[""] * 9, Text(why, style="red"))
    return made


def _narrow(states: Iterable[ScorerState]) -> Table:
    made = table(">id", "state", ">wait", "scorer")
    made.columns[-1].overflow = "fold"
    for one in states:
        waiting = brief(one.gate.waiting) if one.gate else ""
        made.add_row(str(one.id), _state(one), waiting, Text(on_one_line(one.name), style="bold"))
        where = "  ".join(filter(None, (one.type, limited(one.limits), on_one_line(one.endpoint))))
        made.add_row("", "", "", Text(where, style="bright_black"))
        if why := _why(one):
            made.add_row("", "", "", Text(why, style="red"))
    return made


def _state(one: ScorerState) -> Text:
    if not one.is_active:
        return Text("off", style="bright_black")
    if one.problem:
        return Text("unusable", style="red")
    if not one.gate or not one.is_held_up:
        return Text("on", style="green")
    is_closed = one.gate.breaker is Breaker.CLOSED
    return Text("paused" if is_closed else one.gate.breaker.value, style="yellow" if is_closed else "red")


def _why(one: ScorerState) -> str:
    """Why it is not asked; empty if it is."""
    if one.problem or not one.gate or not one.is_held_up:
        return on_one_line(one.problem)
    gate, now = one.gate, datetime.now(UTC)
    if gate.breaker is Breaker.CLOSED:
        return f"it asked for a pause, of which {_until(gate.paused_until, now)} are left"
    since = f"for {length(now - gate.since)}" if gate.since else ""
    return on_one_line(f"{since}: {gate.why}; tried again in {_until(gate.next_probe, now)}")


def _until(moment: datetime | None, now: datetime) -> str:
    return length(max(moment - now, timedelta())) if moment else "no time"


def _ago(one: ScorerState) -> str:
    return f"{length(datetime.now(UTC) - one.last_asked)} ago" if one.last_asked else "never"


def limited(limits: Limits) -> str:
    """`1 a second, 60 a minute, 8 at once`; empty where there are none."""
    words = {"a second": limits.per_second, "a minute": limits.per_minute, "at once": limits.concurrency}
    return ", ".join(f"{most:,} {unit}" for unit, most in words.items() if most is not None)


def answer_table(text: str, score_data: dict[str, Any]) -> Table:
    """What was answered about a text: each attribute's score of the whole, then of its spans."""
    made = table("attribute", ">score", ">from", ">to", "text")
    summaries, spans = score_data["summaryScores"], score_data["scores"]
    for attribute in sorted({*summaries, *spans}, key=lambda name: (-summaries.get(name, 0), name)):
        if attribute in summaries:
            made.add_row(attribute, f"{summaries[attribute]:.4f}", "", "", "")
        for span in spans.get(attribute, ()):
            begin, end = span.get("begin"), span.get("end")
            bounds = ["" if at is None else str(at) for at in (begin, end)]
            shown = Text(on_one_line(_between(text, begin, end)), overflow="ellipsis", no_wrap=True)
            made.add_row("", Text(f"{span['score']:.4f}", style="bright_black"), *bounds, shown)
    return made


def _between(text: str, begin: int | None, end: int | None) -> str:
    """A part of a text, by offsets in UTF-16 units."""
    if begin is None or end is None:
        return ""
    units = text.encode("utf-16-le", "surrogatepass")[2 * begin : 2 * end]
    return units.decode("utf-16-le", "replace")
