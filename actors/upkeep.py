"""What keeps things in order: owed jobs are queued, counts are checked, old rows and records go."""

import logging
from collections.abc import Callable
from typing import Any

import dramatiq
from sqlalchemy.orm import Session

from osmod.access import expiry
from osmod.jobs.actor import JobActor
from osmod.jobs.broker import JobBroker
from osmod.jobs.messages.options import PRIORITIES
from osmod.jobs.schedules import cron, every
from osmod.jobs.steering.pruning import prune
from osmod.moderation import delivery, recounting
from osmod.moderation.database import open_session
from osmod.moderation.models import now
from osmod.moderation.publishing import overview
from osmod.task import DATABASE_RETRIES, get_engine, outbox

BATCH = 1_000
#: Options of what is done at night, for an hour at most.
NIGHTLY: dict[str, Any] = {
    "actor_class": JobActor,
    "priority": PRIORITIES["low"],
    "time_limit": 3_600_000,
    **DATABASE_RETRIES,
}

_log = logging.getLogger(__name__)


@dramatiq.actor(
    actor_class=JobActor, actor_name="sweepOutbox", periodic=every("1 minute"), **DATABASE_RETRIES
)
def sweep_outbox() -> None:
    """Queue the jobs that committed changes owe, where the process that should have done it died."""
    outbox.sweep()


@dramatiq.actor(actor_name="checkCounts", periodic=cron("30 4 * * *"), **NIGHTLY)
def check_counts() -> None:
    """Count articles and categories anew, and correct and log what another program left wrong."""
    with open_session(get_engine()) as session:
        for wrong in recounting.recount(session):
            _log.warning("%s %d: %s was %d, is %d", *vars(wrong).values())


@dramatiq.actor(actor_name="pruneInbox", periodic=cron("45 4 * * *"), **NIGHTLY)
def prune_inbox() -> None:
    """Delete inbox rows older than any redelivery, a batch a transaction."""
    _in_batches(delivery.prune_inbox)


@dramatiq.actor(actor_name="pruneTokens", periodic=cron("50 4 * * *"), **NIGHTLY)
def prune_tokens() -> None:
    """Delete the rows of access tokens that have been over for long, a batch a transaction."""
    _in_batches(expiry.prune_tokens)


@dramatiq.actor(actor_name="pruneDeliveries", periodic=cron("50 4 * * *"), **NIGHTLY)
def prune_deliveries() -> None:
    """Delete deliveries that were settled 30 days ago, or held for 90 for a publisher disabled as long."""
    _in_batches(lambda session, limit: overview.prune(session, now(), limit))
    if forgotten := _in_batches(lambda session, limit: overview.prune_held(session, now(), limit)):
        _log.warning(
            "%d decisions were forgotten that disabled publishers have not been told in 90 days", forgotten
        )


@dramatiq.actor(actor_name="pruneJobs", periodic=cron("15 4 * * *"), **NIGHTLY)
def prune_jobs() -> None:
    """Drop what outlived its time of the queues' job records, indexes and audit log."""
    queue = dramatiq.get_broker()
    if isinstance(queue, JobBroker):  # in inline mode there are no records
        _log.info("pruned %s", prune(queue))


def _in_batches(prune_some: Callable[[Session, int], int]) -> int:
    """Delete at most `BATCH` rows a transaction, until fewer are found; return how many in all."""
    total, pruned = 0, BATCH
    while pruned == BATCH:
        with open_session(get_engine()) as session:
            pruned = prune_some(session, BATCH)
            session.commit()
        total += pruned
    return total
