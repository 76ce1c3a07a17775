"""Where a job meets the database: an actor whose body is one transaction.

`@task("wireName")` makes a Dramatiq actor of a function on a `Work`, `@batch_task` of one on a `Work` and what
several jobs carry. Around it: the payload is checked, the
inbox row makes a redelivery a no-op, and after the commit OSMod's servers are told what changed and the
jobs that the change owes are queued.
"""

from osmod.task.at_once import run_at_once, scorers_may_fail
from osmod.task.committing import commit, current_deliveries
from osmod.task.decorator import batch_task, checked_batch, task
from osmod.task.engine import be_patient, get_engine
from osmod.task.outbox import deliver
from osmod.task.owing import owe
from osmod.task.retries import DATABASE_RETRIES, TRANSIENT, retry

__all__ = [
    "DATABASE_RETRIES",
    "TRANSIENT",
    "batch_task",
    "be_patient",
    "checked_batch",
    "commit",
    "current_deliveries",
    "deliver",
    "get_engine",
    "owe",
    "retry",
    "run_at_once",
    "scorers_may_fail",
    "task",
]
