"""`cron("0 6 * * mon", tz="Europe/Amsterdam")`: times of the day, in a time zone."""

from __future__ import annotations

import difflib
from datetime import datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim, CronSimError

from osmod.jobs.schedules import wallclock
from osmod.jobs.schedules.fields import normalise
from osmod.jobs.schedules.schedule import Schedule, as_utc

_SECOND = timedelta(seconds=1)
_MINUTE = timedelta(minutes=1)
_LONGEST_REPEAT = timedelta(hours=25)
_ANY_DAY = datetime(2024, 1, 1)  # noqa: DTZ001 - a reading of the clock, no moment


class Cron(Schedule):
    """Slots by a cron spec; made by `cron`, which says what it means.

    cronsim matches readings of the clock; what happens where that is put forward or back is decided here.
    """

    def __init__(
        self, spec: str, tz: str | tzinfo = "UTC", *, catch_up: bool = False, overlap: bool = False
    ) -> None:
        self.text = " ".join(spec.split())
        self.catch_up = catch_up
        self.overlap = overlap
        self.zone, self.tz = _zone(spec, tz)
        self._fields = normalise(spec)
        try:
            matcher = CronSim(self._fields, _ANY_DAY)
            next(matcher)
        except (CronSimError, StopIteration):
            raise ValueError(f"cron {spec!r}: there is no such day in any month it names.") from None
        self._every_hour = len(matcher.hours) == 24

    def next_after(self, moment: datetime) -> datetime:
        now = as_utc(moment)
        slot = self._next_by_elapsed_time(now) if self._every_hour else self._next_by_reading(now)
        local = slot.astimezone(self.zone)
        # With the zone itself, Python would compare two slots by their readings: 02:30 before the clock is
        # put back would come after 02:00 after it, and an ambiguous one would equal no moment elsewhere.
        return local.replace(tzinfo=timezone(local.utcoffset() or timedelta(0)), fold=0)

    def _next_by_reading(self, now: datetime) -> datetime:
        """A reading that comes twice counts the first time, one that never comes right after the gap."""
        for reading in self._readings_after(wallclock.reading(now, self.zone)):
            shown = wallclock.moments(reading, self.zone)
            slot = shown[0] if shown else wallclock.after_gap(reading, self.zone)
            if slot > now:
                return slot
        raise AssertionError("a cron spec that matched once matches again")

    def _next_by_elapsed_time(self, now: datetime) -> datetime:
        """A reading counts whenever the clock shows it: none is moved, a repeated hour runs twice."""
        reading = wallclock.reading(now, self.zone)
        slot = self._first_shown(reading, now)
        back = wallclock.put_back(now, min(slot, now + _LONGEST_REPEAT), self.zone)
        if back is None:
            return slot
        # Readings up to the present one may come again before the next later one does.
        return min(slot, self._first_shown(wallclock.reading(back, self.zone) - _SECOND, back - _SECOND))

    def _first_shown(self, reading: datetime, now: datetime) -> datetime:
        """Return when the clock, after `now`, first shows a matching one of the readings after `reading`."""
        while True:
            reading = next(self._readings_after(reading))
            shown = [slot for slot in wallclock.moments(reading, self.zone) if slot > now]
            if shown:
                return shown[0]
            if not wallclock.moments(reading, self.zone):
                end = wallclock.after_gap(reading, self.zone)
                reading = wallclock.reading(end, self.zone) - _SECOND

    def _readings_after(self, reading: datetime) -> CronSim:
        return CronSim(self._fields, reading)

    @property
    def spec(self) -> str:
        return f"{self.text} ({self.tz})"

    @property
    def words(self) -> str:
        return f"{CronSim(self._fields, _ANY_DAY).explain()} ({self.tz})"

    @property
    def grain(self) -> timedelta:
        return _SECOND if len(self._fields.split()) == 6 else _MINUTE


def cron(spec: str, tz: str | tzinfo = "UTC", *, catch_up: bool = False, overlap: bool = False) -> Cron:
    """Return the schedule of a cron spec, read on the clock of the time zone `tz` (an IANA name).

    Five fields: minute 0-59, hour 0-23, day of month 1-31, month 1-12 or jan-dec, day of week 0-7 or
    sun-sat (0 and 7 are Sunday). Six fields: the second, 0-59, first. Each is `*`, a value, a range `1-5`, a
    list `1,5`, or a step `*/5`, `1-9/2`, `3/5` (from 3 on). The day of month may be `L`, the last, or `LW`,
    the last Monday to Friday; the day of week `5L` or `friL`, the last Friday, and `5#2` or `fri#2`, the
    second. Also `@hourly`, `@daily`, `@midnight`, `@weekly`, `@monthly`, `@yearly`, `@annually`. As in
    Debian's cron, a day must match both day fields when either begins with `*`, else one of the two.

    When the clock is put forward, a time that is skipped runs right after the gap; when it is put back, a
    time that comes twice runs the first time. A schedule that names no hours (its hour is `*`, or comes to
    all 24) goes by elapsed time: every ten minutes stays every ten minutes, through a repeated hour too.

    `next_after` answers in the zone's time, with its offset at that slot as a fixed one, so that slots
    compare rightly over a repeated hour.

    `catch_up` makes up, with one run, for what was missed while no scheduler was up. `overlap` lets a run
    start while the one before it is not done.

    Raises:
      ValueError: the spec is wrong (the field, its value and what is allowed are named), no day matches it, or
        the time zone is unknown.
    """
    return Cron(spec, tz, catch_up=catch_up, overlap=overlap)


def _zone(spec: str, tz: str | tzinfo) -> tuple[tzinfo, str]:
    if isinstance(tz, tzinfo):
        return tz, str(tz)
    try:
        return ZoneInfo(tz), tz
    except (LookupError, ValueError, OSError):
        near = difflib.get_close_matches(tz, available_timezones(), n=1)
        hint = f", did you mean {near[0]!r}?" if near else ": write an IANA name such as 'Europe/Amsterdam'."
        raise ValueError(f"cron {spec!r}: unknown time zone {tz!r}{hint}") from None
