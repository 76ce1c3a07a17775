"""What operators do to jobs and queues, each act written down; and what keeps the queues in order."""

from osmod.jobs.steering.acts import (
    CANCELLABLE,
    DELETABLE,
    PRIORITISABLE,
    PROMOTABLE,
    RETRIABLE,
    Cancellation,
    affected,
    cancel,
    delete,
    pause,
    prioritise,
    promote,
    purge,
    resume,
    retry,
)
from osmod.jobs.steering.audit import Act, audit_log
from osmod.jobs.steering.invariants import Finding, check
from osmod.jobs.steering.pruning import Pruned, prune

__all__ = [
    "CANCELLABLE",
    "DELETABLE",
    "PRIORITISABLE",
    "PROMOTABLE",
    "RETRIABLE",
    "Act",
    "Cancellation",
    "Finding",
    "Pruned",
    "affected",
    "audit_log",
    "cancel",
    "check",
    "delete",
    "pause",
    "prioritise",
    "promote",
    "prune",
    "purge",
    "resume",
    "retry",
]
