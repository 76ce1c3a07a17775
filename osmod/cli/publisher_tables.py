"""How publishers, deliveries and attempts look in a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from rich.table import Table
from rich.text import Text

from osmod.cli.tables import exact, table
from osmod.jobs.logs.saying import on_one_line
from osmod.jobs.records.glance import brief, length
from osmod.moderation.models import DecisionDelivery, DeliveryAttempt
from osmod.operating.publishers import PublisherState

_COLOURS = {
    "on": "green",
    "resting": "yellow",
    "disabled": "red",
    "unusable": "red",
    "waiting": "yellow",
    "held": "magenta",
    "delivered": "green",
    "failed": "red",
}


def publishers_table(states: Iterable[PublisherState], now: datetime, *, narrow: bool = False) -> Table:
    """Publishers, one a line, what is wrong with one on a line below it; narrow, with where it is on another."""
    wide = [] if narrow else [">failed", ">oldest", ">last told"]
    made = table(">id", "state", ">waiting", ">held", *wide, "publisher")
    made.columns[-1].overflow = "fold"
    blank = [""] * (len(made.columns) - 1)
    for one in states:
        standing = one.standing
        shown = [brief(standing.sizes.get(state, 0)) for state in ("waiting", "held")]
        if not narrow:
            shown.append(brief(standing.sizes.get("failed", 0)))
            shown += [_ago(moment, now) for moment in (standing.oldest, standing.delivered_at)]
        where = on_one_line("  ".join(filter(None, (standing.name, one.told_by, one.url))))
        made.add_row(str(standing.owner_id), _badge(one.state), *shown, where)
        if one.why:
            made.add_row(*blank, Text(on_one_line(one.why), style="red"))
    return made


def deliveries_table(rows: Iterable[DecisionDelivery], now: datetime, *, narrow: bool = False) -> Table:
    """Deliveries, one a line."""
    wide = [] if narrow else [">publisher", ">no.", ">failures", ">next attempt"]
    made = table(">id", "state", ">decided", ">comment", *wide, "event")
    for row in rows:
        shown = [_ago(row.created_at, now), str(row.comment_id)]
        if not narrow:
            upcoming = _upcoming(row, now)
            shown += [str(row.owner_id), str(row.sequence), brief(row.failures), upcoming]
        made.add_row(str(row.id), _badge(row.state), *shown, row.event)
    return made


def attempts_table(attempts: Sequence[DeliveryAttempt]) -> Table:
    """Attempts, one a line, with what was answered."""
    made = table("at", ">status", ">took", "what came of it")
    made.columns[-1].overflow = "fold"
    for one in attempts:
        status = str(one.status) if one.status else "none"
        made.add_row(
            exact(one.at)[:19], status, f"{one.milliseconds} ms", on_one_line(one.error or "delivered")
        )
        if one.answer:
            made.add_row("", "", "", Text(on_one_line(one.answer), style="bright_black"))
    return made


def plain_delivery(row: DecisionDelivery) -> dict[str, Any]:
    """A delivery in values that JSON has."""
    moments = ("created_at", "next_attempt_at", "give_up_at", "settled_at")
    names = ("id", "message_id", "state", "event", "comment_id", "decision_id", "sequence", "failures")
    return {
        **{name: getattr(row, name) for name in names},
        "publisher": row.owner_id,
        **{name: moment.isoformat() if (moment := getattr(row, name)) else None for name in moments},
    }


def plain_attempt(one: DeliveryAttempt) -> dict[str, Any]:
    """An attempt in values that JSON has."""
    names = ("status", "milliseconds", "error", "answer")
    return {"at": one.at.isoformat(), **{name: getattr(one, name) for name in names}}


def _badge(state: str) -> Text:
    return Text(state, style=_COLOURS.get(state, ""))


def _ago(moment: datetime | None, now: datetime) -> str:
    return f"{length(now - moment)} ago" if moment else ""


def _upcoming(row: DecisionDelivery, now: datetime) -> str:
    if row.state != "waiting":
        return ""
    return f"in {length(row.next_attempt_at - now)}" if row.next_attempt_at > now else "due"
