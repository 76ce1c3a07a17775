"""The states of a job.

::

                  delay                       a worker takes it
    enqueue ────────────▶ DELAYED ──due──▶ WAITING ─────────────▶ ACTIVE ──▶ DONE
       │                     ▲                ▲                     │ │
       └─────────────────────┼────────────────┘◀── lease lost ──────┤ ├────▶ FAILED
                             └───────────────────── retry ──────────┘ │
                DELAYED, WAITING, ACTIVE ──cancel──▶ CANCELLED        └────▶ REMOVED

A retry is DELAYED with `retries` above 0. Kue's names: WAITING is *inactive*, DONE is *complete*.
"""

from __future__ import annotations

from enum import StrEnum


class JobState(StrEnum):
    """Where a job is. The value is what stands in the `state` field of its hash."""

    WAITING = "waiting"
    DELAYED = "delayed"
    ACTIVE = "active"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    #: Done and not kept: only the id is remembered, for a minute, so that a repeated send stays one job.
    REMOVED = "removed"

    @property
    def key(self) -> str | None:
        """The last part of the key of the sorted set that holds jobs in this state; `removed` has none."""
        return _SETS.get(self)


_SETS = {
    JobState.WAITING: "ready",
    JobState.DELAYED: "delayed",
    JobState.ACTIVE: "active",
    JobState.DONE: "done",
    JobState.FAILED: "failed",
    JobState.CANCELLED: "cancelled",
}
