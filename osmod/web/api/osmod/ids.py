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


def row_id(text: str, name: str) -> int:
    """The id in `text`: "12", and "12abc" too, on which programs may rely.

    Raises:
      BadPayload: it is no id of any row; OSMod queues the task with null, or with a number that no row has.
    """
    number = parse_int(text)
    if number is None or not 1 <= number <= UNSIGNED_MAX:
        raise BadPayload(
            f"{name}: it must be the id of a row, a number from 1 to {UNSIGNED_MAX} (it is {text!r:.60})"
        )
    return number
