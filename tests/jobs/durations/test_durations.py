"""Phrases of human-interval, and what is refused."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osmod.jobs.durations import ACCEPTED, UNITS, in_words, parse_duration

SECOND, MINUTE, HOUR, DAY = 1, 60, 3_600, 86_400

PHRASES = {
    # human-interval's own tests and README
    "week": 7 * DAY,
    "minute": MINUTE,
    "one minute": MINUTE,
    "1 second": SECOND,
    "1 minute": MINUTE,
    "1 hour": HOUR,
    "1 day": DAY,
    "1 week": 7 * DAY,
    "1 month": 30 * DAY,
    "1 year": 365 * DAY,
    "2 seconds": 2,
    "2.5 seconds": 2.5,
    "1.5 minutes": 90,
    "two seconds": 2,
    "3 minutes and 30 seconds": 210,
    "three minutes and 30 seconds": 210,
    "three minutes 30 seconds": 210,
    "thirty three seconds": 33,
    "hundred and three seconds and twelve minutes": 823,
    "3 days and 4 hours": 3 * DAY + 4 * HOUR,
    "3 days, 4 hours and 36 seconds": 3 * DAY + 4 * HOUR + 36,
    "4 months, 3 days, 5 hours and forty-five seconds": 123 * DAY + 5 * HOUR + 45,
    "twenty-five seconds": 25,
    # a and an, which human-interval reads as zero
    "a minute": MINUTE,
    "an hour": HOUR,
    "a week and a day": 8 * DAY,
    "a hundred seconds": 100,
    "a thousand seconds": 1_000,
    # larger numbers in words
    "one hundred and twenty minutes": 7_200,
    "one hundred twenty minutes": 7_200,
    "two thousand seconds": 2_000,
    "one thousand, six hundred and ninety-three seconds": 1_693,
    "nineteen hundred seconds": 1_900,
    "seven hundred and sixty-three thousand, four hundred and five seconds": 763_405,
    "two million and five seconds": 2_000_005,
    "2 thousand seconds": 2_000,
    "1.5 thousand seconds": 1_500,
    "two point five minutes": 150,
    "zero point two five hours": 900,
    # halves and quarters
    "half an hour": 1_800,
    "half hour": 1_800,
    "a half hour": 1_800,
    "an hour and a half": 5_400,
    "one and a half hours": 5_400,
    "2 and a half hours": 9_000,
    "a quarter of an hour": 900,
    "three quarters of an hour": 2_700,
    # writing
    "5-minutes": 300,
    "5minutes": 300,
    "thirty-five-minutes": 2_100,
    "2 hours, 5 minutes": 7_500,
    "2 hours,5 minutes": 7_500,
    "1 hour, and 2 minutes": 3_720,
    "1 hour & 2 minutes": 3_720,
    "hour and minute": 3_660,
    "  Two   HOURS. ": 7_200,
    "1,000 seconds": 1_000,
    "1,234,567.5 seconds": 1_234_567.5,
    ".5 seconds": 0.5,
    "30 seconds and 3 minutes": 210,
    "1500 milliseconds": 1.5,
    "one millisecond": 0.001,
    "0 seconds": 0,
    "zero seconds": 0,
    "2 weeks": 14 * DAY,
    "2 years": 730 * DAY,
}

REFUSED = {
    "": "it is empty",
    "   ": "it is empty",
    ".": "it is empty",
    "-5 minutes": "it is negative",
    "- 5 minutes": "it is negative",
    "−5 minutes": "it is negative",
    "3 minutes -30 seconds": "it is negative",
    "minus two hours": "it is negative",
    "negative two hours": "it is negative",
    "5": "it names no unit",
    "5000": "it names no unit",
    "five": "it names no unit",
    "5 parsecs": "'parsecs' is not understood",
    "soon": "'soon' is not understood",
    "5 minutes ago": "'ago' is not understood",
    "1e3 seconds": "'e' is not understood",
    "1.5.2 hours": "'1.5.2' is not understood",
    "2-3 minutes": "'-3' is not understood",
    "5 five minutes": "'5 five' before 'minutes' is not a number",
    "five five minutes": "'five five' before 'minutes' is not a number",
    "twenty twelve minutes": "'twenty twelve' before 'minutes' is not a number",
    "twenty 5 minutes": "'twenty 5' before 'minutes' is not a number",
    "hundred hundred minutes": "'hundred hundred' before 'minutes' is not a number",
    "one thousand million seconds": "'one thousand million' before 'seconds' is not a number",
    "2,5 hours": "'2 5' before 'hours' is not a number",
    "a 5 minutes": "'a 5' before 'minutes' is not a number",
    "and 5 minutes": "'and 5' before 'minutes' is not a number",
    "five and minutes": "'five and' before 'minutes' is not a number",
    "two point minutes": "'two point' before 'minutes' is not a number",
    "two half hours": "'two half' before 'hours' is not a number",
    "1 hour 30": "'30' at its end has no unit",
    "minutes 5": "'5' at its end has no unit",
    "5 minutes and": "'and' at its end has no unit",
    "99999999999999 years": "it is longer than 999,999,999 days",
}


@pytest.mark.parametrize(("phrase", "seconds"), PHRASES.items())
def test_a_phrase_is_read(phrase, seconds) -> None:
    """Phrases of human-interval mean what they mean there, and those it gets wrong what they say."""
    assert timedelta(seconds=seconds) == parse_duration(phrase)


@pytest.mark.parametrize(("phrase", "reason"), REFUSED.items())
def test_a_phrase_that_is_no_duration_is_refused(phrase, reason) -> None:
    """The error quotes the text, says what is wrong with it, and what is accepted."""
    with pytest.raises(ValueError) as caught:
        parse_duration(phrase)
    assert f"{phrase!r} is no duration: {reason}. {ACCEPTED}" == str(caught.value)


def test_a_number_is_milliseconds() -> None:
    """As in human-interval and Kue: `WORKER_TASK_TTL=300000` is five minutes."""
    assert timedelta(minutes=5) == parse_duration(300_000)
    assert timedelta(microseconds=500) == parse_duration(0.5)
    assert timedelta(0) == parse_duration(0)


def test_a_timedelta_is_itself() -> None:
    """What is a duration already is handed through."""
    assert timedelta(hours=1) == parse_duration(timedelta(hours=1))


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (-1, "-1 is no duration: it is negative."),
        (-0.5, "-0.5 is no duration: it is negative."),
        (float("nan"), "nan is no duration: it is not a finite number of milliseconds."),
        (float("inf"), "inf is no duration: it is not a finite number of milliseconds."),
        (
            timedelta(seconds=-1),
            "datetime.timedelta(days=-1, seconds=86399) is no duration: it is negative.",
        ),
    ],
)
def test_a_number_that_is_no_duration_is_refused(value, message) -> None:
    """Negative and endless numbers are refused like negative phrases."""
    with pytest.raises(ValueError) as caught:
        parse_duration(value)
    assert message == str(caught.value)


@pytest.mark.parametrize("value", [None, True, ["1 hour"], b"1 hour"])
def test_anything_else_is_a_type_error(value) -> None:
    """A forgotten setting or a flag is a mistake of the caller, not a phrase."""
    with pytest.raises(TypeError) as caught:
        parse_duration(value)
    assert f"a duration is a phrase, milliseconds or a timedelta, not {value!r}." == str(caught.value)


@given(st.integers(min_value=0, max_value=10**15))
def test_what_is_written_in_words_is_read_back(milliseconds) -> None:
    """`in_words` loses nothing down to a millisecond."""
    duration = timedelta(milliseconds=milliseconds)
    assert duration == parse_duration(in_words(duration))


@given(st.integers(min_value=0, max_value=10**9), st.sampled_from(sorted(UNITS)), st.booleans())
def test_a_number_in_words_means_the_number(number, unit, joined) -> None:
    """Number words are read for every number: an own speller, with and without `and` and commas."""
    phrase = f"{spell(number, joined=joined)} {unit}s"
    if number * UNITS[unit] < 10**9 * UNITS["day"]:
        assert timedelta(microseconds=number * UNITS[unit]) == parse_duration(phrase)


@given(st.text(max_size=40))
def test_no_text_makes_it_fail_otherwise(text) -> None:
    """Whatever is written, the answer is a duration that is not negative, or a ValueError."""
    try:
        outcome: Any = parse_duration(text)
    except ValueError as error:
        outcome = str(error)
    if isinstance(outcome, timedelta):
        assert outcome >= timedelta(0)
    else:
        assert outcome.startswith(f"{text!r} is no duration: ")


ONES = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
ONES += ["ten", "eleven", "twelve", "thirteen", "fourteen"]
ONES += ["fifteen", "sixteen", "seventeen", "eighteen", "nineteen"]
TENS = ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]


def spell(number: int, *, joined: bool) -> str:
    """Return `number` in English, `joined` with `and` and commas as npm's `numbered` writes it."""
    if number < 20:
        return ONES[number]
    if number < 100:
        return TENS[number // 10] + (f"-{ONES[number % 10]}" if number % 10 else "")
    scale, name = next(
        pair
        for pair in [(10**9, "billion"), (10**6, "million"), (1_000, "thousand"), (100, "hundred")]
        if number >= pair[0]
    )
    rest = number % scale
    words = f"{spell(number // scale, joined=joined)} {name}"
    if not rest:
        return words
    gap = " " if not joined else " and " if rest < 100 else ", "
    return words + gap + spell(rest, joined=joined)
