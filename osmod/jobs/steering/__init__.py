"""What operators do to jobs and queues, each act written down; and what keeps the queues in order."""

from osmod.jobs.steering.acts import (
    DELETABLE,
    RETRIABLE,
    Cancellation,
    affected,
    cancel,
    delete,
    pause,
    prioritise,
    promote,
    purge,
    rehearse,
    resume,
    retry,
)
from osmod.jobs.steering.again import just_done
from osmod.jobs.steering.audit import AuditEntry, AuditPage, audit_log, audit_page, note
from osmod.jobs.steering.course import Course, OtherNumber, Stopped
from osmod.jobs.steering.invariants import Finding, check
from osmod.jobs.steering.pruning import Pruned, prune
from osmod.jobs.steering.table import ACTS, Act, Outcome, Parameter

__all__ = [
    "ACTS",
    "DELETABLE",
    "RETRIABLE",
    "Act",
    "AuditEntry",
    "AuditPage",
    "Cancellation",
    "Course",
    "Finding",
    "OtherNumber",
    "Outcome",
    "Parameter",
    "Pruned",
    "Stopped",
    "affected",
    "audit_log",
    "audit_page",
    "cancel",
    "check",
    "delete",
    "just_done",
    "note",
    "pause",
    "prioritise",
    "promote",
    "prune",
    "purge",
    "rehearse",
    "resume",
    "retry",
]
