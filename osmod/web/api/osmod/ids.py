"""Ids of rows, as they stand in paths and bodies: text, read as JavaScript's `parseInt` reads it."""

from __future__ import annotations

import re

from osmod.moderation.errors import BadPayload
from osmod.moderation.score_data import UNSIGNED_MAX

#: What JavaScript takes for blank.
_BLANK = r"[\s\ufeff]*"
_LEADING = re.compile(rf"{_BLANK}([+-]?[0-9]+)")
#: Digits that a number has at most that is looked at: no row's id is longer.
_MOST_DIGITS = 20


def parse_int(text: str) -> int | None:
    """The whole number that `text` begins with, whatever follows; None for none, where JavaScript says NaN."""
    found = _LEADING.match(text)
    return int(found[1][:_MOST_DIGITS]) if found else None


def possible_id(text: str) -> int | None:
    """The id in `text`: "12", and "12abc" too, on which programs may rely; None if no row can have it."""
    number = parse_int(text)
    return number if number is not None and 1 <= number <= UNSIGNED_MAX else None


def row_id(text: str, name: str) -> int:
    """The same, where an id must be.

    Raises:
      BadPayload: there is none; OSMod queues the task with null, or with a number that no row has.
    """
    number = possible_id(text)
    if number is None:
        raise BadPayload(f"{name}: it must be the id of a row, from 1 to {UNSIGNED_MAX} (it is {text!r:.60})")
    return number
