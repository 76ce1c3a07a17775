"""`cron` against a brute-force walk, and against an independent library, over 1,000 random specs each."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest

from osmod.jobs.schedules import cron

from .cron_oracle import DAYS, ZONES, clock_changes, random_spec, slots, walk

SPECS = 1_000
CHUNKS = 5
WINDOW = timedelta(hours=30)
MOST = 30


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_next_times_are_those_of_a_walk_through_every_minute(chunk) -> None:
    """1,000 random specs and zones, two thirds of them over a clock change, match slot by slot."""
    rng = random.Random(chunk)
    compared = 0
    for _ in range(SPECS // CHUNKS):
        spec, meaning = random_spec(rng)
        zone = rng.choice(ZONES)
        changes = clock_changes(zone)
        if changes and rng.random() < 0.67:
            start = rng.choice(changes) - timedelta(minutes=rng.randrange(20 * 60))
        else:
            start = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=rng.randrange(4 * 365 * 24 * 60))
        end = start + WINDOW
        # The walk begins earlier, so that it knows which readings of a repeated hour were shown before.
        minutes = walk(zone, start - timedelta(hours=4), end)
        expected = list(islice((slot for slot in slots(meaning, minutes) if slot > start), MOST))
        got: list[datetime] = []
        schedule, moment = cron(spec, tz=zone), start
        while len(got) < MOST and (moment := schedule.next_after(moment)) < end + timedelta(minutes=1):
            got.append(moment.astimezone(UTC))
        assert expected == got, f"{spec!r} in {zone} from {start}"
        compared += len(got)
    assert compared > 1_000


def test_next_times_are_those_of_croniter() -> None:
    """500 random specs, far ahead in the calendar, where no clock is changed: the same days and times."""
    croniter = pytest.importorskip("croniter", reason="pip install croniter: it is a test's second opinion")
    rng = random.Random(4)
    for _ in range(SPECS // 2):  # it is slow
        spec, meaning = random_spec(rng, seconds=False)
        if not meaning.both_days and meaning.nth:
            continue  # croniter has no "one of the two" for the nth weekday
        if spec.split()[2].startswith("*/") or spec.split()[4].startswith("*/"):
            continue  # nor Debian's reading of a star with a step
        start = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=rng.randrange(4 * 365 * 24 * 60))
        other = croniter.croniter(as_croniter(spec), start)
        schedule, moment = cron(spec), start
        for _ in range(5):
            moment = schedule.next_after(moment)
            assert other.get_next(datetime) == moment, f"{spec!r} from {start}"


def as_croniter(spec: str) -> str:
    """Return the spec as croniter writes it: `L5` where cron says `5L` or `friL`."""
    *rest, weekday = spec.split()
    if weekday.endswith("L"):
        day = weekday[:-1]
        weekday = f"L{day if day.isdigit() else list(DAYS.values()).index(day)}"
    return " ".join([*rest, weekday])
