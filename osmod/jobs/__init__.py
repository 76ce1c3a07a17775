"""How it runs: the broker, its options and what surrounds a job. Knows nothing of moderation."""

from osmod.jobs.actor import JobActor
from osmod.jobs.enqueue import Enqueued, enqueue, enqueue_async
from osmod.jobs.events import events
from osmod.jobs.messages.batches import together
from osmod.jobs.middleware.current import CurrentJob, current_job, current_jobs

__all__ = [
    "CurrentJob",
    "Enqueued",
    "JobActor",
    "current_job",
    "current_jobs",
    "enqueue",
    "enqueue_async",
    "events",
    "together",
]
