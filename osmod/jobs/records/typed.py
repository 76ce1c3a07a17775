"""What operators type, read: moments and values of arguments, on the command line as over HTTP."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

from osmod.jobs.durations import parse_duration

#: Units as typed in haste, `2h`. An `m` is a minute, as it is to everybody who looks for jobs.
_HASTY = re.compile(r"(\d{1,9})([smhdw])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def moment_of(text: str) -> datetime:
    """A moment: ISO 8601, in the local time zone if it names none, or a time ago: `2 hours`, `2h`.

    Raises:
      ValueError: it is neither; the message quotes it.
    """
    try:
        return datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError):
        pass
    ago = text.removesuffix(" ago")
    try:
        if hasty := _HASTY.fullmatch(ago):
            return datetime.now(UTC) - timedelta(**{_UNITS[hasty[2]]: int(hasty[1])})
        return datetime.now(UTC) - parse_duration(ago)
    except (ValueError, OverflowError):
        raise ValueError(
            f"{text!r} is neither a moment (2026-05-01T12:00) nor a time ago ('2 hours')."
        ) from None


def value_of(text: str) -> Any:
    """What was typed, read as JSON; what is no JSON is the text itself."""
    try:
        return json.loads(text)
    except ValueError:
        return text
