"""What operators type, read: moments and values of arguments, on the command line as over HTTP."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from osmod.jobs.durations import parse_duration


def moment_of(text: str) -> datetime:
    """A moment: ISO 8601, in the local time zone if it names none, or a length of time ago such as `2 hours`.

    Raises:
      ValueError: it is neither; the message quotes it.
    """
    try:
        return datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError):
        pass
    try:
        return datetime.now(UTC) - parse_duration(text.removesuffix(" ago"))
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
