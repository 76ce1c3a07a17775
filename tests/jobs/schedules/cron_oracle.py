"""Cron by brute force: specs made together with what they mean, and a walk through every minute.

Nothing of the code under test is used here: no parser, no matcher, no arithmetic of clock changes.
"""

from __future__ import annotations

import calendar
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)
ZONES = [
    "UTC",
    "Europe/Amsterdam",
    "Europe/London",
    "Europe/Lisbon",
    "Atlantic/Azores",
    "America/New_York",
    "America/St_Johns",
    "America/Havana",
    "America/Santiago",
    "America/Sao_Paulo",
    "Africa/Cairo",
    "Africa/Casablanca",
    "Asia/Beirut",
    "Asia/Gaza",
    "Asia/Kathmandu",
    "Asia/Tokyo",
    "Antarctica/Troll",
    "Australia/Lord_Howe",
    "Australia/Sydney",
    "Pacific/Auckland",
    "Pacific/Chatham",
]
MONTHS = dict(enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), 1))  # noqa: SIM905
DAYS = dict(enumerate("sun mon tue wed thu fri sat".split()))  # noqa: SIM905


@dataclass(frozen=True)
class Meaning:
    """The readings of the clock that a spec names."""

    seconds: frozenset[int]
    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    last_day: bool
    months: frozenset[int]
    weekdays: frozenset[int]
    nth: frozenset[tuple[int, int]]
    both_days: bool

    def day(self, day: date) -> bool:
        """Say whether a day matches."""
        length = calendar.monthrange(day.year, day.month)[1]
        weekday = day.isoweekday() % 7
        nths = {(weekday, (day.day - 1) // 7 + 1)} | ({(weekday, -1)} if day.day + 7 > length else set())
        by_date = day.day in self.days or (self.last_day and day.day == length)
        by_weekday = weekday in self.weekdays or bool(nths & self.nth)
        chosen = by_date and by_weekday if self.both_days else by_date or by_weekday
        return day.month in self.months and chosen


def field(
    rng: random.Random, low: int, high: int, names: dict[int, str] | None = None
) -> tuple[str, set[int]]:
    """Return one random field and the set of its values."""

    def show(value: int) -> str:
        return rng.choice([str(value), (names or {}).get(value, str(value))])

    kind = rng.choice(["star", "star", "value", "value", "list", "range", "step", "range step", "from step"])
    first, last = sorted(rng.sample(range(low, high + 1), 2))
    step = rng.randint(1, max(2, (high - low) // 2))
    if kind == "star":
        return "*", set(range(low, high + 1))
    if kind == "value":
        return show(first), {first}
    if kind == "list":
        return f"{show(first)},{show(last)}", {first, last}
    if kind == "range":
        return f"{show(first)}-{show(last)}", set(range(first, last + 1))
    if kind == "step":
        return f"*/{step}", set(range(low, high + 1, step))
    if kind == "range step":
        return f"{show(first)}-{show(last)}/{step}", set(range(first, last + 1, step))
    return f"{first}/{step}", set(range(first, high + 1, step))


def random_spec(rng: random.Random, *, seconds: bool = True, nth: bool = True) -> tuple[str, Meaning]:
    """Return a random spec of five or six fields, and what it means."""
    second, second_values = field(rng, 0, 59) if seconds and rng.random() < 0.3 else ("", {0})
    minute, minutes = field(rng, 0, 59)
    hour, hours = field(rng, 0, 23)
    day, days = field(rng, 1, 31) if rng.random() < 0.3 else ("*", set(range(1, 32)))
    if min(days) > 28:  # not in every month, so perhaps never
        day, days = "*", set(range(1, 32))
    month, months = field(rng, 1, 12, MONTHS) if rng.random() < 0.2 else ("*", set(range(1, 13)))
    weekday, weekdays = field(rng, 0, 6, DAYS) if rng.random() < 0.4 else ("*", set(range(7)))
    last_day, nths = False, set()
    if nth and rng.random() < 0.1:
        day, days, last_day = "L", set(), True
    if nth and rng.random() < 0.1:
        chosen, number = rng.randrange(7), rng.choice([1, 2, 3, 4, 5, -1])
        name = rng.choice([str(chosen), DAYS[chosen]])
        weekday, weekdays, nths = f"{name}L" if number < 0 else f"{name}#{number}", set(), {(chosen, number)}
    if nths and day.startswith("*/"):  # both must match, and perhaps never do
        day, days = "*", set(range(1, 32))
    both = day.startswith("*") or weekday.startswith("*")
    spec = " ".join(filter(None, [second, minute, hour, day, month, weekday]))
    return spec, Meaning(
        seconds=frozenset(second_values),
        minutes=frozenset(minutes),
        hours=frozenset(hours),
        days=frozenset(days),
        last_day=last_day,
        months=frozenset(months),
        weekdays=frozenset(weekdays),
        nth=frozenset(nths),
        both_days=both,
    )


@lru_cache
def clock_changes(zone: str) -> list[datetime]:
    """Return the minutes at which the offset of `zone` changes, 2024 to 2027."""
    tz, changes = ZoneInfo(zone), []
    moment = datetime(2024, 1, 1, tzinfo=UTC)
    while moment.year < 2028:
        later = moment + timedelta(days=1)
        before = moment.astimezone(tz).utcoffset()
        if before != later.astimezone(tz).utcoffset():
            same, other = 0, 24 * 60  # minutes from `moment` on
            while other - same > 1:
                middle = (same + other) // 2
                if (moment + middle * MINUTE).astimezone(tz).utcoffset() == before:
                    same = middle
                else:
                    other = middle
            changes.append(moment + other * MINUTE)
        moment = later
    return changes


def walk(zone: str, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Go through every minute from `start` to `end`, with the reading of the clock in `zone`."""
    tz, moment = ZoneInfo(zone), start
    while moment <= end:
        yield moment, moment.astimezone(tz).replace(tzinfo=None, fold=0)
        moment += MINUTE


def slots(meaning: Meaning, minutes: Iterator[tuple[datetime, datetime]]) -> Iterator[datetime]:
    """The slots within the minutes of a `walk`, by the rules that `cron` documents. It walks as far as is asked."""
    days = lru_cache(meaning.day)
    elapsed = len(meaning.hours) == 24

    def matches(reading: datetime) -> bool:
        if reading.minute not in meaning.minutes or reading.hour not in meaning.hours:
            return False
        return days(reading.date())

    latest: datetime | None = None
    for moment, reading in minutes:
        found: set[datetime] = set()
        skipped = (latest or reading - MINUTE) + MINUTE
        while not elapsed and skipped < reading:  # the clock jumped forward
            if matches(skipped):
                found.add(moment)
            skipped += MINUTE
        if (elapsed or latest is None or reading > latest) and matches(reading):
            found.update(moment + timedelta(seconds=second) for second in meaning.seconds)
        latest = max(latest or reading, reading)
        yield from sorted(found)
