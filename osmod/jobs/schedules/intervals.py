"""`every("6 hours")`: intervals aligned to the clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from osmod.jobs.durations import in_words, parse_duration
from osmod.jobs.schedules.schedule import Schedule, as_utc

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)
_MINUTE = timedelta(minutes=1)


class Every(Schedule):
    """Slots at every whole multiple of `interval` since 1970-01-01 00:00 UTC; made by `every`."""

    def __init__(self, interval: timedelta, *, catch_up: bool = False, overlap: bool = False) -> None:
        self.interval = interval
        self.catch_up = catch_up
        self.overlap = overlap

    def next_after(self, moment: datetime) -> datetime:
        elapsed = as_utc(moment) - _EPOCH
        return _EPOCH + (elapsed // self.interval + 1) * self.interval

    def last_between(self, start: datetime, end: datetime) -> datetime | None:
        slot = _EPOCH + (as_utc(end) - _EPOCH) // self.interval * self.interval
        return slot if slot > start else None

    @property
    def spec(self) -> str:
        return f"every {in_words(self.interval)}"

    @property
    def words(self) -> str:
        of_one_unit = self.spec.count(" ") == 2
        return self.spec.replace("every 1 ", "every ") if of_one_unit else self.spec

    @property
    def grain(self) -> timedelta:
        return _MINUTE if self.interval % _MINUTE == timedelta(0) else _SECOND


def every(phrase: str | timedelta, *, catch_up: bool = False, overlap: bool = False) -> Every:
    """Return the schedule that runs at every multiple of a length of time.

    `phrase` is what `parse_duration` reads: `every("6 hours")`, `every("3 minutes and 30 seconds")`; it must
    be whole seconds. Slots are multiples since 1970-01-01 00:00 UTC, so six hours are 0, 6, 12 and 18 o'clock
    UTC whenever the scheduler was started, and nothing about an interval needs to be remembered. A week
    begins on a Thursday then; use `cron` for another day or for a time of the day in a time zone.

    `catch_up` makes up, with one run, for what was missed while no scheduler was up. `overlap` lets a run
    start while the one before it is not done.

    Raises:
      ValueError: the phrase, which it quotes, is no duration or not of whole seconds, one at least.
    """
    interval = parse_duration(phrase)
    if interval < _SECOND or interval % _SECOND:
        raise ValueError(f"every({phrase!r}): an interval must be whole seconds, one at least.")
    return Every(interval, catch_up=catch_up, overlap=overlap)
