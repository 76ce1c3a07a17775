"""`users.extra`, which says how a scorer is asked and a publisher is told: an object, or that as a string again."""

from __future__ import annotations

import json
from typing import Any


def decoded(extra: Any) -> Any:
    """What is meant, however often it was encoded; None where that is no JSON."""
    try:
        while isinstance(extra, str):
            extra = json.loads(extra)
    except (ValueError, RecursionError):
        return None
    return extra


def fields_of(extra: Any) -> dict[str, Any]:
    """Its fields; none where it is no object."""
    fields = decoded(extra)
    return fields if isinstance(fields, dict) else {}
