"""What pages are about: what is told of a change, and what is shown anew then."""

from __future__ import annotations

from enum import StrEnum


class Topic(StrEnum):
    """What may change. All are told of every few seconds besides, as ages change by themselves."""

    #: Jobs come, move or end; told within a second.
    JOBS = "jobs"
    #: So do the sizes of queues, and pauses.
    QUEUES = "queues"
    #: Worker processes come, go, are busy or quiet.
    WORKERS = "workers"
    SCHEDULES = "schedules"
    SCORERS = "scorers"
    PUBLISHERS = "publishers"
    #: Comments, scores and decisions; told when jobs move, as they are what changes them.
    COMMENTS = "comments"
    RULES = "rules"
    AUDIT = "audit"
    #: What ended by the minute; told every few seconds.
    COUNTERS = "counters"
    #: Nothing but time: told every few seconds.
    TIME = "time"
