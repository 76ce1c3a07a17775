"""How moments, lengths of time, numbers and ids are written on pages."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import unquote

from markupsafe import Markup

from osmod.jobs.records.glance import brief, length, tries

#: Characters of an id that are shown, and the least score that is told from 0.
SHORT_ID, LEAST = 8, 0.001


def number(count: int) -> str:
    """A count with commas between its thousands."""
    return f"{count:,}"


def few(count: int) -> str:
    """A count in five characters at most: `0`, `950`, `12.3k`, `1.2M`."""
    return brief(count) if count else "0"


def figure(value: float) -> str:
    """A number with all of its digits, as it can be typed: `0.1234567`, `0.0000782`, `1`."""
    return format(Decimal(repr(float(value))), "f").removesuffix(".0")


def score(value: float) -> str:
    """A score with three decimals; one that would look like 0 or 1 and is neither says so: `< 0.001`."""
    if 0 < value < LEAST / 2:
        return f"< {LEAST}"
    if 1 - LEAST / 2 <= value < 1:
        return f"> {1 - LEAST}"
    return f"{value:.3f}"


def size(number_of_bytes: int) -> str:
    """Bytes as megabytes or gigabytes."""
    if number_of_bytes >= 1 << 30:
        return f"{number_of_bytes / (1 << 30):.1f} GB"
    return f"{number_of_bytes / (1 << 20):.0f} MB"


def span(time: timedelta | float | None) -> str:
    """A length of time at a glance; seconds may be given as a number."""
    return length(timedelta(seconds=time) if isinstance(time, (int, float)) else time)


def ago(moment: datetime | None) -> Markup:
    """A moment in relation to now, `3 min ago` or `in 2 h`; the exact one is shown on hover. None: nothing."""
    if moment is None:
        return Markup("")
    exact = moment.astimezone(UTC)
    distance = datetime.now(UTC) - exact
    words = f"{length(distance)} ago" if distance >= timedelta(0) else f"in {length(-distance)}"
    if abs(distance) < timedelta(seconds=1):
        words = "now"
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        exact.isoformat(timespec="seconds"), f"{exact:%Y-%m-%d %H:%M:%S} UTC", words
    )


def clock(moment: datetime | None) -> Markup:
    """A moment as a day and a time of day; scripts put it into the reader's own zone. None: nothing."""
    if moment is None:
        return Markup("")
    exact = moment.astimezone(UTC)
    return Markup('<time class="clock" datetime="{}" title="{}">{}</time>').format(
        exact.isoformat(timespec="seconds"), f"{exact:%Y-%m-%d %H:%M:%S} UTC", f"{exact:%d %b %H:%M:%S} UTC"
    )


def as_json(value: Any) -> str:
    """A value as JSON, on one line."""
    return json.dumps(value, ensure_ascii=False, default=str)


def short(name: str) -> Markup:
    """The beginning of an id; a click copies the whole."""
    return Markup(
        '<button type="button" class="id" data-copy="{}" title="{} (click to copy)">{}</button>'
    ).format(name, name, name[:SHORT_ID])


def plural(count: int, word: str, words: str = "") -> str:
    """`1 job`, `1,200 jobs`."""
    return f"{count:,} {word if count == 1 else words or word + 's'}"


#: By what name templates have them as filters.
FILTERS = {
    "ago": ago,
    "brief": few,
    "figure": figure,
    "clock": clock,
    "json": as_json,
    "number": number,
    "plural": plural,
    "score": score,
    "short": short,
    "size": size,
    "span": span,
    "tries": tries,
    "unquoted": unquote,
}
