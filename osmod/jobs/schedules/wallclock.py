"""Moments and the readings of a clock on the wall, where the clock is put forward and back.

A reading is a naive datetime; a moment is an aware one in UTC.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo

_SECOND = timedelta(seconds=1)


def reading(moment: datetime, zone: tzinfo) -> datetime:
    """Return what the clock in `zone` shows at `moment`."""
    return moment.astimezone(zone).replace(tzinfo=None, fold=0)


def moments(reading: datetime, zone: tzinfo) -> list[datetime]:
    """Return when the clock shows `reading`: once, twice (it is put back) or never (it is put forward)."""
    first = (reading - _offset(reading.replace(tzinfo=zone, fold=0))).replace(tzinfo=UTC)
    second = (reading - _offset(reading.replace(tzinfo=zone, fold=1))).replace(tzinfo=UTC)
    if first == second:
        return [first]
    return [first, second] if first < second else []


def after_gap(reading: datetime, zone: tzinfo) -> datetime:
    """Return the moment at which the clock is put forward over `reading`, which it never shows."""
    before = (reading - _offset(reading.replace(tzinfo=zone, fold=1))).replace(tzinfo=UTC)
    after = (reading - _offset(reading.replace(tzinfo=zone, fold=0))).replace(tzinfo=UTC)
    return _change(before, after, zone)


def put_back(start: datetime, end: datetime, zone: tzinfo) -> datetime | None:
    """Return the moment after `start`, not after `end`, at which the clock is put back, if it is.

    The two must be near enough, a day or so, for one change only.
    """
    if _offset(end.astimezone(zone)) >= _offset(start.astimezone(zone)):
        return None
    return _change(start, end, zone)


def _offset(moment: datetime) -> timedelta:
    return moment.utcoffset() or timedelta(0)


def _change(before: datetime, after: datetime, zone: tzinfo) -> datetime:
    """Return the first second at which the offset is that of `after`, by halving."""
    offset = _offset(after.astimezone(zone))
    while after - before > _SECOND:
        middle = before + (after - before) // (2 * _SECOND) * _SECOND
        if _offset(middle.astimezone(zone)) == offset:
            after = middle
        else:
            before = middle
    return after


class Clock:
    """The time; replaced in tests."""

    def now(self) -> datetime:
        """Return the present moment, aware."""
        return datetime.now(UTC)
