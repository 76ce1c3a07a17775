"""Lengths of time written the way people say them.

`parse_duration` reads what the npm package human-interval reads, with its constants (a month is 30 days, a
year 365), and three things that one gets wrong: `thousand` (it cuts the `and` out of it), `a`/`an` (zero
there) and `milliseconds` (read as seconds there). Where human-interval drops what it does not understand,
this refuses, since half of a delay is no delay anyone asked for.
"""

from __future__ import annotations

import math
import re
from datetime import timedelta
from fractions import Fraction

from osmod.jobs.durations.number_words import FRACTIONS, is_number_word, number_from_words

_SECOND = 1_000_000
#: Microseconds in each unit.
UNITS = {
    "millisecond": 1_000,
    "second": _SECOND,
    "minute": 60 * _SECOND,
    "hour": 3_600 * _SECOND,
    "day": 86_400 * _SECOND,
    "week": 7 * 86_400 * _SECOND,
    "month": 30 * 86_400 * _SECOND,
    "year": 365 * 86_400 * _SECOND,
}

ACCEPTED = (
    "Write a number and a unit, such as '90 seconds', '1.5 hours' or 'three minutes and 30 seconds'; "
    "units are milliseconds, seconds, minutes, hours, days, weeks, months (30 days) and years (365 days)."
)

_TOKEN = re.compile(
    r"""
    (?P<number> (?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+) (?:\.[0-9]+)? | \.[0-9]+ ) (?![0-9.])
    | (?P<word> [a-z]+ )
    | (?P<joint> (?<=[a-z0-9])-(?=[a-z]) )
    | (?P<gap> [\s,&]+ )
    """,
    re.VERBOSE,
)
_ONE_OF = {"a", "an"}


def parse_duration(text: str | int | float | timedelta) -> timedelta:
    """Return the length of time that `text` names.

    A string is a phrase of human-interval: `"6 hours"`, `"3 minutes and 30 seconds"`, `"a week"`,
    `"one hundred and twenty minutes"`, `"thirty-five seconds"`, `"1.5 hours"`, `"2 hours, 5 minutes"`,
    `"5-minutes"`, `"half an hour"`, `"minute"`; capitals do not matter. A number is milliseconds, as
    in human-interval and in Kue. A timedelta is returned as it is.

    Raises:
      ValueError: it is empty, unreadable, negative or too long; quotes it and says what is accepted.
      TypeError: it is no string, number or timedelta.
    """
    if isinstance(text, timedelta):
        if text < timedelta(0):
            raise ValueError(f"{text!r} is no duration: it is negative.")
        return text
    if isinstance(text, bool) or not isinstance(text, str | int | float):
        raise TypeError(f"a duration is a phrase, milliseconds or a timedelta, not {text!r}.")
    if isinstance(text, str):
        return _as_timedelta(text, _microseconds(text))
    if not math.isfinite(text):
        raise ValueError(f"{text!r} is no duration: it is not a finite number of milliseconds.")
    if text < 0:
        raise ValueError(f"{text!r} is no duration: it is negative.")
    return _as_timedelta(text, Fraction(text) * 1_000)


def in_words(duration: timedelta) -> str:
    """Return `duration` as a phrase that `parse_duration` reads back, without loss down to a millisecond.

    Weeks, days, hours, minutes, seconds and milliseconds are used: 93600 s is `1 day and 2 hours`.
    """
    rest = duration // timedelta(microseconds=1)
    parts = []
    for unit in ("week", "day", "hour", "minute", "second", "millisecond"):
        count, rest = divmod(rest, UNITS[unit])
        if count:
            parts.append(f"{count} {unit}{'' if count == 1 else 's'}")
    if not parts:
        return "0 seconds"
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _as_timedelta(text: str | int | float, microseconds: Fraction) -> timedelta:
    try:
        return timedelta(microseconds=round(microseconds))
    except OverflowError:
        raise _refusal(text, "it is longer than 999,999,999 days") from None


def _refusal(text: object, reason: str) -> ValueError:
    return ValueError(f"{text!r} is no duration: {reason}. {ACCEPTED}")


def _microseconds(text: str) -> Fraction:
    tokens = _tokens(text)
    total = Fraction(0)
    number: list[str] = []
    last_unit = 0
    for token in tokens:
        unit = UNITS.get(token) or UNITS.get(token.removesuffix("s"), 0)
        if not unit:
            number.append(token)
            continue
        total += _number(text, number, token, first=not last_unit) * unit
        number, last_unit = [], unit
    if not last_unit:
        raise _refusal(text, "it names no unit")
    if number:
        total += _trailing_fraction(text, number) * last_unit
    return total


def _tokens(text: str) -> list[str]:
    """Split into words and literal numbers; blanks, commas, `&` and joining hyphens fall away."""
    lowered = text.strip().lower().rstrip(".,")
    if not lowered:
        raise _refusal(text, "it is empty")
    tokens, position = [], 0
    while position < len(lowered):
        match = _TOKEN.match(lowered, position)
        if match is None:
            rest = lowered[position:]
            negative = rest[0] in "-−" and not (position and lowered[position - 1].isalnum())
            raise _refusal(text, "it is negative" if negative else f"{rest.split()[0]!r} is not understood")
        position = match.end()
        if match["number"]:
            tokens.append(match["number"].replace(",", ""))
        elif match["word"]:
            word = match["word"]
            if word in ("minus", "negative"):
                raise _refusal(text, "it is negative")
            if not (is_number_word(word) or word in UNITS or word.removesuffix("s") in UNITS):
                raise _refusal(text, f"{word!r} is not understood")
            tokens.append(word)
        elif "&" in match[0]:
            tokens.append("and")
    return tokens


def _number(text: str, tokens: list[str], unit: str, *, first: bool) -> Fraction:
    """Return the number in front of `unit`; none means one, as in `"minute"` and `"hour and minute"`."""
    words = tokens if first or tokens[:1] != ["and"] else tokens[1:]
    if not words:
        return Fraction(1)
    try:
        return _with_fraction(words)
    except ValueError:
        raise _refusal(text, f"{' '.join(tokens)!r} before {unit!r} is not a number") from None


def _with_fraction(words: list[str]) -> Fraction:
    """Read number words in which a half or a quarter may stand: `half an`, `two and a half`."""
    at = next((index for index, word in enumerate(words) if word in FRACTIONS), None)
    if at is None:
        return number_from_words(words)
    fraction, before, after = FRACTIONS[words[at]], words[:at], words[at + 1 :]
    if after and after not in (["a"], ["an"], ["of"], ["of", "a"], ["of", "an"]):
        raise ValueError(after)
    if words[at].endswith("s"):  # three quarters, two halves
        return number_from_words(before) * fraction
    if before and before[-1] in {*_ONE_OF, "one"}:
        before = before[:-1]
    if not before:
        return fraction
    if before[-1] != "and" or after:
        raise ValueError(before)
    return number_from_words(before[:-1]) + fraction


def _trailing_fraction(text: str, tokens: list[str]) -> Fraction:
    """Return what `and a half` adds after a unit, as in `an hour and a half`."""
    if tokens[0] == "and" and tokens[-1] in FRACTIONS and not tokens[-1].endswith("s"):
        between = tokens[1:-1]
        if not between or (len(between) == 1 and between[0] in {*_ONE_OF, "one"}):
            return FRACTIONS[tokens[-1]]
    raise _refusal(text, f"{' '.join(tokens)!r} at its end has no unit")
