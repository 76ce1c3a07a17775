"""How long a run may take."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from osmod.jobs.messages.bounds import LONGEST


def time_limit(message: Mapping[str, Any], actor: Mapping[str, Any], default: float) -> float:
    """Milliseconds that a run may take, of the options of a message and its actor, or by default.

    A limit that makes no sense counts as none given: it was put into Redis by something else than this broker, which
    would have refused it.
    """
    for options in (message, actor):
        limit = options.get("time_limit")
        if isinstance(limit, (int, float)) and not isinstance(limit, bool) and limit > 0:
            return min(limit, LONGEST)
    return default
