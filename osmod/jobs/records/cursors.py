"""Where a page ended, as a text that nobody needs to understand."""

from __future__ import annotations

import base64
import json
from typing import Any


class BadCursor(ValueError):
    """A cursor comes from somewhere else than the last page."""


def write_cursor(place: Any) -> str:
    """Any JSON value as a cursor."""
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def read_cursor(cursor: str) -> Any:
    """The value in a cursor.

    Raises:
      ValueError: there is none in it.
    """
    return json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
