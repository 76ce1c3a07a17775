"""What is known of jobs: find them, count them, read one, see how all queues are doing."""

from osmod.jobs.records.cursors import BadCursor
from osmod.jobs.records.filters import JobFilter
from osmod.jobs.records.find import Page, count, find
from osmod.jobs.records.groups import FailureGroup, FailureGroups, failure_groups
from osmod.jobs.records.overview import QueueOverview, Snapshot, queue_overview, snapshot
from osmod.jobs.records.reading import get_job
from osmod.jobs.records.record import JobRecord

__all__ = [
    "BadCursor",
    "FailureGroup",
    "FailureGroups",
    "JobFilter",
    "JobRecord",
    "Page",
    "QueueOverview",
    "Snapshot",
    "count",
    "failure_groups",
    "find",
    "get_job",
    "queue_overview",
    "snapshot",
]
