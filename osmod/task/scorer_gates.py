"""The gates of scorers, for whoever looks at them or resets one; who asks a scorer knows its limits as well."""

from __future__ import annotations

from osmod.jobs.gate import Gate, GateLimits
from osmod.jobs.wire.queues import Queues


def gate_name(scorer_id: int) -> str:
    """What the gate of a scorer is called."""
    return f"scorer:{scorer_id}"


def gate_to_look_at(queues: Queues, scorer_id: int) -> Gate:
    """The gate of a scorer, which lets through whatever comes: for its `state` and `reset` alone."""
    return Gate(queues, gate_name(scorer_id), GateLimits())
