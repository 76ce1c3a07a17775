"""`every`: intervals aligned to the clock."""

from datetime import UTC, datetime, timedelta

import pendulum
import pytest
from hypothesis import given
from hypothesis import strategies as st

from osmod.jobs.schedules import every


@pytest.mark.parametrize(
    ("phrase", "moment", "slot"),
    [
        ("6 hours", "2026-03-01T00:00:00Z", "2026-03-01T06:00:00Z"),
        ("6 hours", "2026-03-01T05:59:59.999999Z", "2026-03-01T06:00:00Z"),
        ("6 hours", "2026-03-01T23:30:00+01:00", "2026-03-02T00:00:00Z"),
        ("3 minutes and 30 seconds", "1970-01-01T00:00:00Z", "1970-01-01T00:03:30Z"),
        ("3 minutes and 30 seconds", "1970-01-01T00:03:30Z", "1970-01-01T00:07:00Z"),
        ("10 seconds", "2026-03-01T12:00:05Z", "2026-03-01T12:00:10Z"),
        ("a day", "2026-03-01T12:00:05Z", "2026-03-02T00:00:00Z"),
        ("a week", "2026-03-01T12:00:05Z", "2026-03-05T00:00:00Z"),
        ("1 second", "1969-12-31T23:59:58.5Z", "1969-12-31T23:59:59Z"),
    ],
)
def test_slots_are_whole_multiples_since_1970(phrase, moment, slot) -> None:
    """A slot is a multiple of the interval on the clock, strictly after the moment asked about."""
    assert datetime.fromisoformat(slot) == every(phrase).next_after(datetime.fromisoformat(moment))


def test_next_after_is_in_utc() -> None:
    """The answer is an aware datetime."""
    assert UTC is every("1 hour").next_after(datetime(2026, 1, 1, tzinfo=UTC)).tzinfo


def test_a_moment_without_time_zone_is_refused() -> None:
    """A naive datetime names no moment."""
    with pytest.raises(ValueError) as caught:
        every("1 hour").next_after(datetime(2026, 1, 1))  # noqa: DTZ001
    assert str(caught.value) == "2026-01-01 00:00:00 has no time zone: a schedule needs an aware datetime."


@pytest.mark.parametrize("phrase", ["0 seconds", "500 milliseconds", "1.5 seconds", timedelta(0)])
def test_an_interval_is_whole_seconds(phrase) -> None:
    """Slots are whole seconds, so an interval is."""
    with pytest.raises(ValueError) as caught:
        every(phrase)
    assert f"every({phrase!r}): an interval must be whole seconds, one at least." == str(caught.value)


def test_a_wrong_phrase_fails_when_the_schedule_is_made() -> None:
    """A schedule that cannot be read fails at import of its actor."""
    with pytest.raises(ValueError, match=r"^'6 ours' is no duration: 'ours' is not understood"):
        every("6 ours")


def test_it_says_what_it_is() -> None:
    """A schedule is printed in words, and two of the same length are the same schedule."""
    assert str(every("210 seconds")) == "every 3 minutes and 30 seconds"
    assert every("210 seconds") == every("3.5 minutes")
    assert every("1 hour") != every("1 hour", catch_up=True)
    assert repr(every("1 hour", catch_up=True)) == "<Every every 1 hour catch_up>"
    assert len({every("60 seconds"), every("a minute")}) == 1


def test_the_stock_periodiq_command_can_run_it() -> None:
    """periodiq asks `validate` and `next_valid_date` with pendulum's datetimes, and `str`."""
    schedule = every("15 seconds")
    now = pendulum.datetime(2026, 3, 1, 12, 0, 30, tz="Europe/Amsterdam")
    assert schedule.validate(now)
    assert not schedule.validate(now.add(seconds=1))
    assert (schedule.next_valid_date(now) - now).total_seconds() == 15


@given(
    st.integers(min_value=1, max_value=10**7),
    st.datetimes(datetime(1980, 1, 1), datetime(2090, 1, 1), timezones=st.timezones()),  # noqa: DTZ001
)
def test_slots_are_spaced_evenly(seconds, moment) -> None:
    """The next slot is after the moment, at most one interval away, and the one after it follows."""
    interval = timedelta(seconds=seconds)
    schedule = every(interval)
    slot = schedule.next_after(moment)
    wait = slot - moment.astimezone(UTC)
    assert timedelta(0) < wait <= interval
    assert slot + interval == schedule.next_after(slot)
    assert slot == schedule.last_between(slot - interval, slot)
    assert schedule.last_between(slot, slot + interval / 2) is None


@pytest.mark.parametrize(
    ("interval", "words"),
    [
        ("1 minute", "every minute"),
        ("10 minutes", "every 10 minutes"),
        ("90 minutes", "every 1 hour and 30 minutes"),
    ],
)
def test_in_words(interval: str, words: str) -> None:
    """As one says it."""
    assert words == every(interval).words
