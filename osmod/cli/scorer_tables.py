"""How scorers, and what they answer, look in a terminal."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from rich.table import Table
from rich.text import Text

from osmod.cli.tables import table
from osmod.jobs.logs.saying import on_one_line
from osmod.jobs.records.glance import brief, length
from osmod.operating.scorers import ScorerState

#: Of states; all others are red.
_COLOURS = {"on": "green", "off": "bright_black", "paused": "yellow"}


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
            *(str(one.id), on_one_line(one.name), one.type, _state(one), one.limited),
            *(map(brief, (gate.last_minute, gate.in_flight, gate.waiting)) if gate else ("", "", "")),
            *(_ago(one), on_one_line(one.endpoint)),
        )
        if why := on_one_line(one.why(datetime.now(UTC))):
            made.add_row(*[""] * 9, Text(why, style="red"))
    return made


def _narrow(states: Iterable[ScorerState]) -> Table:
    made = table(">id", "state", ">wait", "scorer")
    made.columns[-1].overflow = "fold"
    for one in states:
        waiting = brief(one.gate.waiting) if one.gate else ""
        made.add_row(str(one.id), _state(one), waiting, Text(on_one_line(one.name), style="bold"))
        where = "  ".join(filter(None, (one.type, one.limited, on_one_line(one.endpoint))))
        made.add_row("", "", "", Text(where, style="bright_black"))
        if why := on_one_line(one.why(datetime.now(UTC))):
            made.add_row("", "", "", Text(why, style="red"))
    return made


def _state(one: ScorerState) -> Text:
    return Text(one.state, style=_COLOURS.get(one.state, "red"))


def _ago(one: ScorerState) -> str:
    return f"{length(datetime.now(UTC) - one.last_asked)} ago" if one.last_asked else "never"


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
