"""`cron`: what a spec means, what is refused, and what happens where the clock is changed."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pendulum
import pytest

from osmod.jobs.schedules import cron

AMSTERDAM = "Europe/Amsterdam"


def slots(spec: str, tz: str, start: str, count: int, **options) -> list[str]:
    """Return the next `count` slots after `start`, as local times with offset."""
    schedule, moment, found = cron(spec, tz=tz, **options), datetime.fromisoformat(start), []
    for _ in range(count):
        moment = schedule.next_after(moment)
        found.append(moment.isoformat())
    return found


TABLE = [
    # spec, moment, next slot, all in UTC; 2026-03-01 is a Sunday
    ("* * * * *", "2026-03-01T00:00:00", "2026-03-01T00:01:00"),
    ("* * * * *", "2026-03-01T00:00:59.999999", "2026-03-01T00:01:00"),
    ("*/10 * * * * *", "2026-03-01T00:00:00", "2026-03-01T00:00:10"),
    ("*/10 * * * * *", "2026-03-01T00:00:55.5", "2026-03-01T00:01:00"),
    ("5,35 * * * * *", "2026-03-01T00:00:05", "2026-03-01T00:00:35"),
    ("30 0 6 * * *", "2026-03-01T06:00:00", "2026-03-01T06:00:30"),
    ("0 6 * * mon", "2026-03-01T00:00:00", "2026-03-02T06:00:00"),
    ("0 6 * * MON", "2026-03-02T06:00:00", "2026-03-09T06:00:00"),
    ("0 0 * * 0", "2026-02-26T00:00:00", "2026-03-01T00:00:00"),
    ("0 0 * * 7", "2026-02-26T00:00:00", "2026-03-01T00:00:00"),
    ("0 0 * * sun", "2026-02-26T00:00:00", "2026-03-01T00:00:00"),
    ("0 0 * * sat-sun", "2026-02-26T00:00:00", "2026-02-28T00:00:00"),
    ("0 0 * * sat-sun", "2026-02-28T00:00:00", "2026-03-01T00:00:00"),
    ("0 0 * * 5-7", "2026-02-28T00:00:00", "2026-03-01T00:00:00"),
    ("0 0 * * 1/2", "2026-02-27T00:00:00", "2026-03-02T00:00:00"),
    ("0 0 * * 7/3", "2026-02-28T00:00:00", "2026-03-01T00:00:00"),
    ("0 12 1 jan,jul *", "2026-03-01T00:00:00", "2026-07-01T12:00:00"),
    ("0 12 1 JAN-MAR *", "2026-03-01T12:00:00", "2027-01-01T12:00:00"),
    ("10-20/5 * * * *", "2026-03-01T00:15:00", "2026-03-01T00:20:00"),
    ("50/5 * * * *", "2026-03-01T00:55:00", "2026-03-01T01:50:00"),
    ("0 0 29 2 *", "2026-03-01T00:00:00", "2028-02-29T00:00:00"),
    ("0 0 31 * *", "2026-03-31T00:00:00", "2026-05-31T00:00:00"),
    ("0 0 L * *", "2026-02-27T00:00:00", "2026-02-28T00:00:00"),
    ("0 0 l * *", "2028-02-28T00:00:00", "2028-02-29T00:00:00"),
    ("0 0 15,L * *", "2026-02-15T00:00:00", "2026-02-28T00:00:00"),
    ("0 0 LW * *", "2026-02-01T00:00:00", "2026-02-27T00:00:00"),
    ("0 0 * * 5L", "2026-02-01T00:00:00", "2026-02-27T00:00:00"),
    ("0 0 * * friL", "2026-02-01T00:00:00", "2026-02-27T00:00:00"),
    ("0 0 * * fri#2", "2026-02-01T00:00:00", "2026-02-13T00:00:00"),
    ("0 0 * * 5#2,0#1", "2026-02-13T00:00:00", "2026-03-01T00:00:00"),
    ("0 0 * * mon#5", "2026-02-01T00:00:00", "2026-03-30T00:00:00"),
    # either day field, when both are restricted; both, when one begins with a star
    ("0 0 13 * fri", "2026-02-01T00:00:00", "2026-02-06T00:00:00"),
    ("0 0 10 * fri", "2026-02-06T00:00:00", "2026-02-10T00:00:00"),
    ("0 0 */2 * fri", "2026-02-01T00:00:00", "2026-02-13T00:00:00"),
    # names
    ("@hourly", "2026-02-01T00:30:00", "2026-02-01T01:00:00"),
    ("@daily", "2026-02-01T00:30:00", "2026-02-02T00:00:00"),
    ("@midnight", "2026-02-01T00:30:00", "2026-02-02T00:00:00"),
    ("@weekly", "2026-02-02T00:00:00", "2026-02-08T00:00:00"),
    ("@monthly", "2026-02-02T00:00:00", "2026-03-01T00:00:00"),
    ("@yearly", "2026-02-02T00:00:00", "2027-01-01T00:00:00"),
    ("@Annually", "2026-02-02T00:00:00", "2027-01-01T00:00:00"),
]


@pytest.mark.parametrize(("spec", "moment", "slot"), TABLE)
def test_a_spec_means_what_crontab_says(spec, moment, slot) -> None:
    """The next slot, strictly after the moment; every Sunday spelling fires, unlike in periodiq."""
    assert f"{slot}+00:00" == slots(spec, "UTC", f"{moment}+00:00", 1)[0]


CLOCK_CHANGES = {
    # In Amsterdam 2026-03-29 has no 02:00-03:00, 2026-10-25 has 02:00-03:00 twice.
    "a skipped time runs right after the gap": (
        ("30 2 * * *", AMSTERDAM, "2026-03-28T12:00:00+01:00"),
        ["2026-03-29T03:00:00+02:00", "2026-03-30T02:30:00+02:00"],
    ),
    "several skipped times run as one": (
        ("*/10 2 * * *", AMSTERDAM, "2026-03-29T00:00:00+01:00"),
        ["2026-03-29T03:00:00+02:00", "2026-03-30T02:00:00+02:00", "2026-03-30T02:10:00+02:00"],
    ),
    "a skipped time and the one after the gap run as one": (
        ("0 2,3 * * *", AMSTERDAM, "2026-03-29T00:00:00+01:00"),
        ["2026-03-29T03:00:00+02:00", "2026-03-30T02:00:00+02:00", "2026-03-30T03:00:00+02:00"],
    ),
    "a skipped time of a spec with seconds runs right after the gap": (
        ("15 30 2 * * *", AMSTERDAM, "2026-03-28T12:00:00+01:00"),
        ["2026-03-29T03:00:00+02:00", "2026-03-30T02:30:15+02:00"],
    ),
    "a stepped hour that is skipped runs right after the gap": (
        ("0 */2 * * *", AMSTERDAM, "2026-03-29T00:00:00+01:00"),
        ["2026-03-29T03:00:00+02:00", "2026-03-29T04:00:00+02:00"],
    ),
    "a repeated time runs once": (
        ("30 2 * * *", AMSTERDAM, "2026-10-24T12:00:00+02:00"),
        ["2026-10-25T02:30:00+02:00", "2026-10-26T02:30:00+01:00"],
    ),
    "a repeated time of a spec with seconds runs once": (
        ("15 30 2 * * *", AMSTERDAM, "2026-10-24T12:00:00+02:00"),
        ["2026-10-25T02:30:15+02:00", "2026-10-26T02:30:15+01:00"],
    ),
    "a stepped hour that is repeated runs once": (
        ("0 */2 * * *", AMSTERDAM, "2026-10-25T00:00:00+02:00"),
        ["2026-10-25T02:00:00+02:00", "2026-10-25T04:00:00+01:00"],
    ),
    "asked inside the second of the repeated hours, it does not go back": (
        ("30 2 * * *", AMSTERDAM, "2026-10-25T02:10:00+01:00"),
        ["2026-10-26T02:30:00+01:00"],
    ),
    "every half hour stays every half hour in autumn": (
        ("*/30 * * * *", AMSTERDAM, "2026-10-25T01:30:00+02:00"),
        [
            "2026-10-25T02:00:00+02:00",
            "2026-10-25T02:30:00+02:00",
            "2026-10-25T02:00:00+01:00",
            "2026-10-25T02:30:00+01:00",
            "2026-10-25T03:00:00+01:00",
        ],
    ),
    "every half hour stays every half hour in spring": (
        ("*/30 * * * *", AMSTERDAM, "2026-03-29T01:00:00+01:00"),
        ["2026-03-29T01:30:00+01:00", "2026-03-29T03:00:00+02:00", "2026-03-29T03:30:00+02:00"],
    ),
    "an hourly one stays hourly": (
        ("30 * * * *", AMSTERDAM, "2026-10-25T01:30:00+02:00"),
        ["2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00", "2026-10-25T03:30:00+01:00"],
    ),
    "all hours written out are the same as a star": (
        ("30 0-23 * * *", AMSTERDAM, "2026-03-29T01:00:00+01:00"),
        ["2026-03-29T01:30:00+01:00", "2026-03-29T03:30:00+02:00"],
    ),
    "a clock put back by half an hour": (
        ("45 * * * *", "Australia/Lord_Howe", "2026-04-05T01:00:00+11:00"),
        ["2026-04-05T01:45:00+11:00", "2026-04-05T01:45:00+10:30", "2026-04-05T02:45:00+10:30"],
    ),
    "a midnight that does not exist": (
        ("0 0 * * *", "Africa/Cairo", "2026-04-23T12:00:00+02:00"),
        ["2026-04-24T01:00:00+03:00", "2026-04-25T00:00:00+03:00"],
    ),
    "a whole day that does not exist": (
        ("0 12 30 12 *", "Pacific/Apia", "2011-12-01T12:00:00-10:00"),
        ["2011-12-31T00:00:00+14:00", "2012-12-30T12:00:00+14:00"],
    ),
}


@pytest.mark.parametrize(("asked", "expected"), CLOCK_CHANGES.values(), ids=CLOCK_CHANGES)
def test_where_the_clock_is_changed(asked: tuple[str, str, str], expected: list[str]) -> None:
    """Never zero and never twice; what names no hours goes by elapsed time."""
    assert expected == slots(*asked, len(expected))


def test_slots_compare_rightly_over_a_repeated_hour() -> None:
    """A slot equals its moment in other zones, and later ones are greater, in the repeated hour too."""
    schedule = cron("*/30 * * * *", tz=AMSTERDAM)
    moment, found = datetime(2026, 10, 24, 23, 45, tzinfo=UTC), []
    for _ in range(6):
        moment = schedule.next_after(moment)
        found.append(moment)
    assert [
        datetime(2026, 10, 25, hour, minute, tzinfo=UTC) for hour in range(3) for minute in (0, 30)
    ] == found
    assert sorted(found) == found


def test_slots_only_go_forward() -> None:
    """Through a year of clock changes no slot is given twice and none is out of order."""
    schedule = cron("*/20 1-3 * * *", tz="Australia/Lord_Howe")
    moment, found = datetime(2026, 1, 1, tzinfo=UTC), []
    while moment < datetime(2027, 1, 1, tzinfo=UTC):
        moment = schedule.next_after(moment)
        found.append(moment)
    assert all(one < other for one, other in pairwise(found))
    assert len({slot.date() for slot in found if slot.year == 2026}) == 364  # from 2 January on, there


REFUSED = {
    "61 * * * *": "minute '61' is out of range, allowed are 0-59.",
    "60 * * * * *": "second '60' is out of range, allowed are 0-59.",
    "0 24 * * *": "hour '24' is out of range, allowed are 0-23.",
    "0 0 0 * *": "day of month '0' is out of range, allowed are 1-31.",
    "0 0 * 13 *": "month '13' is out of range, allowed are 1-12 or jan-dec.",
    "0 0 * * 8": "day of week '8' is out of range, allowed are 0-7 or sun-sat.",
    "1-61 * * * *": "minute '1-61' is out of range, allowed are 0-59.",
    "*/0 * * * *": "minute '*/0' has a step of 0, allowed are 1-60.",
    "*/61 * * * *": "minute '*/61' has a step of 61, allowed are 1-60.",
    "50-10 * * * *": "minute '50-10' runs backwards, write 50-59,0-10.",
    "0 0 * * mon#6": "day of week 'mon#6' asks for weekday number 6 of a month, allowed are 1-5.",
    "x * * * *": "minute 'x' is not understood, allowed are 0-59 as *, 5, 1-5, 1,5, */5 and 1-9/2.",
    "1,,2 * * * *": "minute '1,,2' is not understood, allowed are 0-59 as *, 5, 1-5, 1,5, */5 and 1-9/2.",
    "0 0 L-3 * *": (
        "day of month 'L-3' is not understood, allowed are 1-31 as *, 5, 1-5, 1,5, */5 and 1-9/2, "
        "L (the last day) and LW (the last weekday)."
    ),
    "0 0 * * someday": (
        "day of week 'someday' is not understood, allowed are 0-7 or sun-sat as *, 5, 1-5, 1,5, */5 and "
        "1-9/2, 5L (the last Friday) and 5#2 (the second Friday)."
    ),
    "0 0 30 2 *": "there is no such day in any month it names.",
    "@reboot": (
        "unknown name '@reboot', the names are @yearly, @annually, @monthly, @weekly, @daily, @midnight, "
        "@hourly."
    ),
    "* * * *": (
        "4 fields, where five (minute, hour, day of month, month, day of week) or six (second first) belong."
    ),
    "": "0 fields, where five (minute, hour, day of month, month, day of week) or six (second first) belong.",
    "* * * * * * *": (
        "7 fields, where five (minute, hour, day of month, month, day of week) or six (second first) belong."
    ),
}


@pytest.mark.parametrize(("spec", "problem"), REFUSED.items())
def test_a_wrong_spec_fails_when_the_schedule_is_made(spec, problem) -> None:
    """The error quotes the spec and names the field, its value and what is allowed."""
    with pytest.raises(ValueError) as caught:
        cron(spec)
    assert f"cron {spec!r}: {problem}" == str(caught.value)


@pytest.mark.parametrize(
    ("tz", "problem"),
    [
        ("Europe/Amsterdm", "unknown time zone 'Europe/Amsterdm', did you mean 'Europe/Amsterdam'?"),
        ("", "unknown time zone '': write an IANA name such as 'Europe/Amsterdam'."),
        ("../etc", "unknown time zone '../etc': write an IANA name such as 'Europe/Amsterdam'."),
    ],
)
def test_an_unknown_time_zone_fails_when_the_schedule_is_made(tz, problem) -> None:
    """A misspelt zone is found at import, with the name that was meant."""
    with pytest.raises(ValueError) as caught:
        cron("0 6 * * *", tz=tz)
    assert f"cron '0 6 * * *': {problem}" == str(caught.value)


def test_a_moment_without_time_zone_is_refused() -> None:
    """A naive datetime names no moment."""
    with pytest.raises(ValueError) as caught:
        cron("@daily").next_after(datetime(2026, 1, 1))  # noqa: DTZ001
    message = "2026-01-01 00:00:00 has no time zone: a schedule needs an aware datetime."
    assert message == str(caught.value)


def test_it_says_what_it_is() -> None:
    """A schedule is printed as written, with its zone, and in a sentence."""
    schedule = cron("0 6 * * mon", tz=AMSTERDAM)
    assert str(schedule) == "0 6 * * mon (Europe/Amsterdam)"
    assert schedule.words == "At 06:00 on Monday (Europe/Amsterdam)"
    assert schedule == cron("0  6 * * mon", tz=ZoneInfo(AMSTERDAM))
    assert schedule != cron("0 6 * * mon")


def test_the_stock_periodiq_command_can_run_it() -> None:
    """periodiq asks `validate` and `next_valid_date` with pendulum's datetimes, and `str`."""
    schedule = cron("30 2 * * *", tz=AMSTERDAM)
    gap_end = pendulum.datetime(2026, 3, 29, 3, 0, tz=AMSTERDAM)
    assert schedule.validate(gap_end)
    assert not schedule.validate(gap_end.add(minutes=30))
    assert (schedule.next_valid_date(gap_end) - gap_end).total_seconds() == 23.5 * 3600


def test_the_last_slot_between_two_moments() -> None:
    """What was missed is found by looking back from now, in growing steps, not by counting up."""
    schedule = cron("*/10 * * * * *", tz=AMSTERDAM)
    now = datetime(2026, 3, 1, 12, 0, 5, tzinfo=UTC)
    assert datetime(2026, 3, 1, 12, 0, tzinfo=UTC) == schedule.last_between(now - timedelta(days=900), now)
    assert schedule.last_between(datetime(2026, 3, 1, 12, 0, tzinfo=UTC), now) is None
    yearly = cron("0 0 29 2 *")
    assert datetime(2024, 2, 29, tzinfo=UTC) == yearly.last_between(datetime(2020, 3, 1, tzinfo=UTC), now)
    assert yearly.last_between(datetime(2024, 3, 1, tzinfo=UTC), now) is None
